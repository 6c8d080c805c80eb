"""The permissions boundary: the most that any role of the stage can have, whatever its policy says.

A deployer that may write roles' policies could give itself everything through a role of its own. With the boundary it
cannot: it may create only roles that have it, and none has more than stands here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from infrastructure.deployer.policy import Policy, Statement, document
from infrastructure.deployer.target import Target

# Exact actions by resources: what the program's roles do, of all functions, the pipe and the state machine.
_ROLES_DO: Mapping[str, str] = {
    "dynamodb:{region}:{account}:table/{prefix}-*": (
        "dynamodb:BatchGetItem dynamodb:ConditionCheckItem dynamodb:DeleteItem dynamodb:DescribeStream "
        "dynamodb:GetItem dynamodb:GetRecords "
        "dynamodb:GetShardIterator dynamodb:PutItem dynamodb:Query dynamodb:Scan dynamodb:UpdateItem"
    ),
    "sqs:{region}:{account}:{prefix}-*": (
        "sqs:ChangeMessageVisibility sqs:DeleteMessage sqs:GetQueueAttributes sqs:ReceiveMessage sqs:SendMessage"
    ),
    "sns:{region}:{account}:{prefix}-*": "sns:Publish",
    "lambda:{region}:{account}:function:{prefix}-*": "lambda:InvokeFunction",
    "states:{region}:{account}:stateMachine:{prefix}-*": (
        "states:ListExecutions states:StartExecution states:StartSyncExecution"
    ),
    "states:{region}:{account}:execution:{prefix}-*": "states:DescribeExecution states:StopExecution",
    "pipes:{region}:{account}:pipe/{prefix}-*": "pipes:DescribePipe pipes:StartPipe pipes:StopPipe",
    "ssm:{region}:{account}:parameter/{prefix}/*": "ssm:GetParameter",
    "*": (
        "cloudwatch:GetMetricStatistics dynamodb:ListStreams "
        "logs:CreateLogDelivery logs:CreateLogGroup logs:CreateLogStream logs:DeleteLogDelivery "
        "logs:DescribeLogGroups logs:DescribeLogStreams logs:DescribeResourcePolicies logs:FilterLogEvents "
        "logs:GetLogDelivery logs:GetLogEvents logs:ListLogDeliveries logs:PutLogEvents "
        "logs:PutResourcePolicy logs:UpdateLogDelivery "
        "states:SendTaskFailure states:SendTaskHeartbeat states:SendTaskSuccess "
        "xray:GetSamplingRules xray:GetSamplingTargets xray:PutTelemetryRecords xray:PutTraceSegments"
    ),
}


def boundary(target: Target, also: Sequence[tuple[str, str]] = ()) -> Policy:
    """The boundary of a stage. `also` are actions of task types with their resources, as the types declare them."""
    return document([*_of_the_program(target), *_of_keys(target), *_of_types(also)])


def _of_the_program(target: Target) -> Iterable[Statement]:
    for number, (pattern, actions) in enumerate(_ROLES_DO.items(), 1):
        yield _allow(f"Bound{number}", actions.split(), [target.fill(pattern)])


def _of_keys(target: Target) -> Iterable[Statement]:
    if target.keys:
        yield _allow("BoundKeys", ["kms:Decrypt", "kms:GenerateDataKey"], list(target.keys))


def _of_types(also: Sequence[tuple[str, str]]) -> Iterable[Statement]:
    for number, (action, resource) in enumerate(also, 1):
        yield _allow(f"BoundTypes{number}", [action], [resource])


def _allow(sid: str, actions: list[str], resources: list[str]) -> Statement:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}
