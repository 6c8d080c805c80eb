"""Policies as pure functions: exact actions on exact ARNs, and a Sid on each statement that says why.

The state machine's policy is computed from its definition instead (`infrastructure/pipeline/machine_policy.py`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from infrastructure.blocks.location import Location

Statement = Mapping[str, Any]
Arn = pulumi.Input[str]
PROGRESS_ATTRIBUTES = ("task_id", "status", "lease_owner", "cancel_requested_at", "progress")


def document(*statements: Statement) -> dict[str, Any]:
    """A policy document of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(sid: str, actions: list[str], resource: Arn | list[Arn]) -> Statement:
    """One permission, and why it is there."""
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}


def trust(service: str, location: Location, source_arn: str | None = None) -> dict[str, Any]:
    """Who may assume the role: the service, for this account, and for one resource where the service says which.

    Lambda sends neither key when it assumes an execution role, so its roles have no condition.
    """
    statement: dict[str, Any] = {
        "Sid": "LetTheServiceTakeThisRole",
        "Effect": "Allow",
        "Principal": {"Service": f"{service}.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    if source_arn:
        statement["Condition"] = {
            "StringEquals": {"aws:SourceAccount": location.account},
            "ArnEquals": {"aws:SourceArn": source_arn},
        }
    return document(statement)


def write_own_logs(log_group_arn: Arn) -> Statement:
    """A function writes to its log group, which exists already and has a retention."""
    streams = pulumi.Output.concat(log_group_arn, ":*")
    return allow("WriteOwnLogs", ["logs:CreateLogStream", "logs:PutLogEvents"], streams)


def send_traces() -> Statement:
    """A function sends X-Ray segments. AWS defines no narrower resource than all."""
    return allow("SendTraces", ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "*")


def trace_executions() -> Statement:
    """A state machine sends X-Ray segments, and queries which executions to sample. No narrower resource exists."""
    actions = ["xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets"]
    return allow("TraceExecutions", actions, "*")


def record_tasks(table_arn: Arn) -> Statement:
    """The validator writes the record of a new task, and reads it when it is unsure whether its write succeeded."""
    return allow("RecordTasks", ["dynamodb:PutItem", "dynamodb:GetItem"], table_arn)


def send_tasks(queue_arns: Sequence[Arn]) -> Statement:
    """The validator queues tasks, and redrive queues them again, in any lane."""
    return allow("QueueTasks", ["sqs:SendMessage"], _one_or_more(queue_arns))


def read_tasks(table_arn: Arn) -> Statement:
    """The reader reads one record."""
    return allow("ReadTasks", ["dynamodb:GetItem"], table_arn)


def list_tasks(table_arn: Arn, index_arns: Sequence[Arn]) -> tuple[Statement, Statement]:
    """The reader finds tasks in indexes, which hold keys only, and reads the records of a page in one batch."""
    find = allow("FindTasks", ["dynamodb:Query"], list(index_arns))
    return find, allow("ReadPages", ["dynamodb:BatchGetItem"], table_arn)


def cancel_tasks(table_arn: Arn) -> Statement:
    """The canceller marks a task as cancelled, and reads it if it is not queued."""
    return allow("CancelTasks", ["dynamodb:UpdateItem", "dynamodb:GetItem"], table_arn)


def redrive_tasks(table_arn: Arn) -> Statement:
    """Redrive looks tasks up, and marks and settles their records."""
    return allow("RedriveTasks", ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:UpdateItem"], table_arn)


def find_failed_tasks(index_arn: Arn) -> Statement:
    """Redrive finds failed tasks in their index, which holds no bodies."""
    return allow("FindFailedTasks", ["dynamodb:Query", "dynamodb:Scan"], index_arn)


def release_tasks(table_arn: Arn) -> Statement:
    """The gatekeeper reads parked tasks and the heads of gates and, in transactions, queues them again, settles those
    that were cancelled, or checks that they wait no more.
    """
    actions = ["GetItem", "BatchGetItem", "UpdateItem", "ConditionCheckItem"]
    return allow("ReleaseTasks", [f"dynamodb:{action}" for action in actions], table_arn)


def report_progress(table_arn: Arn) -> Statement:
    """A processor whose tasks take long notes their progress, and neither changes nor sees anything else of their
    records: an update can also return what it found.
    """
    statement = allow("ReportProgress", ["dynamodb:UpdateItem"], table_arn)
    return {
        **statement,
        "Condition": {
            "ForAllValues:StringEquals": {"dynamodb:Attributes": list(PROGRESS_ATTRIBUTES)},
            "StringEqualsIfExists": {"dynamodb:ReturnValues": "NONE"},
        },
    }


def follow_workers(table_arn: Arn) -> Statement:
    """The function of workers reads whose task a token ends, and notes progress that comes with a sign of life."""
    return allow("FollowWorkers", ["dynamodb:GetItem", "dynamodb:UpdateItem"], table_arn)


def return_tokens() -> Statement:
    """The function of workers brings task tokens back. AWS defines no narrower resource than all."""
    actions = ["states:SendTaskSuccess", "states:SendTaskFailure", "states:SendTaskHeartbeat"]
    return allow("ReturnTokens", actions, "*")


def list_executions(state_machine_arn: Arn) -> Statement:
    """The gatekeeper sees which executions of tasks that take long are running."""
    return allow("ListExecutions", ["states:ListExecutions"], state_machine_arn)


def watch_executions(executions_arn: Arn) -> Statement:
    """The gatekeeper makes sure that one has ended, and stops one whose task was cancelled."""
    return allow("WatchExecutions", ["states:DescribeExecution", "states:StopExecution"], executions_arn)


def skip_tasks(table_arn: Arn) -> Statement:
    """The function of keys reads what has become of a gate's head and, in a transaction, settles one that failed."""
    return allow("SkipTasks", ["dynamodb:BatchGetItem", "dynamodb:UpdateItem"], table_arn)


def keep_gates(table_arn: Arn) -> Statement:
    """The gatekeeper reads gates and places, changes them in transactions of their parts, and removes them."""
    actions = ["GetItem", "BatchGetItem", "Query", "UpdateItem", "DeleteItem"]
    return allow("KeepGates", [f"dynamodb:{action}" for action in actions], table_arn)


def steer_gates(table_arn: Arn) -> Statement:
    """The function of keys reads, closes and opens gates."""
    return allow("SteerGates", ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:UpdateItem"], table_arn)


def find_closed_keys(index_arn: Arn) -> Statement:
    """Closed keys are found in their index."""
    return allow("FindClosedKeys", ["dynamodb:Query"], index_arn)


def remove_dead_letters(dead_letter_queue_arn: Arn) -> Statement:
    """Redrive receives dead letters, deletes those whose tasks have moved on, and makes the others visible again."""
    actions = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"]
    return allow("RemoveDeadLetters", actions, dead_letter_queue_arn)


def take_messages(queue_arn: Arn) -> Statement:
    """What EventBridge Pipes and Lambda need on an SQS source."""
    actions = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
    return allow("TakeMessages", actions, queue_arn)


def start_executions(state_machine_arn: Arn) -> Statement:
    """A pipe that waits for its target needs the synchronous start only."""
    return allow("StartExecutions", ["states:StartSyncExecution"], state_machine_arn)


def deliver_execution_logs() -> Statement:
    """Express executions deliver their logs. AWS defines no narrower resource than all for log delivery."""
    actions = [
        "logs:CreateLogDelivery",
        "logs:GetLogDelivery",
        "logs:UpdateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:DescribeResourcePolicies",
        "logs:DescribeLogGroups",
    ]
    return allow("DeliverExecutionLogs", actions, "*")


def write_gateway_logs() -> Statement:
    """API Gateway writes its access logs. It rejects a role with fewer actions or fewer log groups."""
    actions = [
        "logs:CreateLogGroup",
        "logs:CreateLogStream",
        "logs:DescribeLogGroups",
        "logs:DescribeLogStreams",
        "logs:PutLogEvents",
        "logs:GetLogEvents",
        "logs:FilterLogEvents",
    ]
    return allow("WriteGatewayLogs", actions, "*")


def read_changes(stream_arn: Arn) -> Statement:
    """What Lambda needs on a DynamoDB stream."""
    actions = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"]
    return allow("ReadChanges", actions, stream_arn)


def list_streams() -> Statement:
    """Lambda asks for it, too. It knows no resource but all:
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
    """
    return allow("ListStreams", ["dynamodb:ListStreams"], "*")


def publish_events(topic_arn: Arn) -> Statement:
    """The events function publishes task events."""
    return allow("PublishEvents", ["sns:Publish"], topic_arn)


def keep_failed_events(queue_arn: Arn) -> Statement:
    """Events that cannot be published are kept, by the function and by Lambda under the function's role."""
    return allow("KeepFailedEvents", ["sqs:SendMessage"], queue_arn)


def count_patterns(table_arn: Arn) -> Statement:
    """The monitor stores events, and reads and counts patterns. A transaction needs the permissions of its parts."""
    return allow("CountPatterns", ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"], table_arn)


def keep_counts(table_arn: Arn) -> Statement:
    """The counter reads positions, adds to counters in transactions of updates, and deletes counters of nothing."""
    return allow("KeepCounts", ["dynamodb:GetItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"], table_arn)


def read_counts(table_arn: Arn) -> Statement:
    """The reader sums counters up."""
    return allow("ReadCounts", ["dynamodb:Query"], table_arn)


def raise_alerts(topic_arn: Arn) -> Statement:
    """The monitor publishes alerts about failure patterns."""
    return allow("RaiseAlerts", ["sns:Publish"], topic_arn)


def remember_breaker(table_arn: Arn) -> Statement:
    """The breaker reads and conditionally writes its one item."""
    return allow("RememberBreaker", ["dynamodb:GetItem", "dynamodb:PutItem"], table_arn)


def switch_pipes(pipe_arns: Sequence[Arn]) -> Statement:
    """The breaker stops and starts the pipes of all lanes, and reads their states."""
    actions = ["pipes:DescribePipe", "pipes:StartPipe", "pipes:StopPipe"]
    return allow("SwitchPipe", actions, _one_or_more(pipe_arns))


def watch_drain(queue_arns: Sequence[Arn]) -> Statement:
    """The breaker sees when the queues of the lanes before are empty."""
    return allow("WatchDrain", ["sqs:GetQueueAttributes"], _one_or_more(queue_arns))


def read_secrets(parameter_arns: Sequence[Arn]) -> Statement:
    """A processor reads the secrets that its task types declare."""
    return allow("ReadSecrets", ["ssm:GetParameter"], list(parameter_arns))


def read_failure_rate() -> Statement:
    """The breaker reads the outcome of a probe. AWS defines no narrower resource than all for reading metrics."""
    return allow("ReadFailureRate", ["cloudwatch:GetMetricStatistics"], "*")


def topic_policy(topic_arn: Arn, alarms_of: Location | None = None) -> dict[str, Any]:
    """A topic's own policy: TLS only. If alarms publish to it, those of this stack may."""
    refuse = _refuse_clear_text(topic_arn, "sns:Publish")
    if alarms_of is None:
        return document(refuse)
    return document(
        refuse,
        {
            "Sid": "LetAlarmsPublish",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": topic_arn,
            "Condition": {
                "StringEquals": {"aws:SourceAccount": alarms_of.account},
                "ArnLike": {"aws:SourceArn": alarms_of.arn("cloudwatch", f"alarm:{alarms_of.name('*')}")},
            },
        },
    )


def queue_policy(queue_arn: Arn, topic_arn: Arn | None = None) -> dict[str, Any]:
    """A queue's own policy: TLS only. If it is subscribed to a topic, that topic may send."""
    refuse = _refuse_clear_text(queue_arn, "sqs:*")
    if topic_arn is None:
        return document(refuse)
    return document(
        refuse,
        {
            "Sid": "LetTheTopicSend",
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue_arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
        },
    )


def _one_or_more(arns: Sequence[Arn]) -> Arn | list[Arn]:
    return arns[0] if len(arns) == 1 else list(arns)


def _refuse_clear_text(arn: Arn, actions: str) -> Statement:
    return {
        "Sid": "RefuseClearText",
        "Effect": "Deny",
        "Principal": "*",
        "Action": actions,
        "Resource": arn,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
