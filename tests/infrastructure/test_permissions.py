"""The permissions of each actor: what it needs, and no more."""

from typing import Any

import pytest

from infrastructure.blocks import iam
from infrastructure.blocks.location import Location
from infrastructure.pipeline.machine_policy import UnknownIntegrationError, machine_statements
from statemachine.loader import raw_definition
from tests.infrastructure.recording import ACCOUNT, PARTITION, REGION, SUFFIX, Stack, arn, live

TABLE = arn("dynamodb", "table/taskline-dev-tasks")
QUEUE = arn("sqs", "taskline-dev-tasks.fifo")
DEAD_LETTERS = arn("sqs", "taskline-dev-dead-letters.fifo")
WORKFLOW = arn("states", "stateMachine:taskline-dev-workflow")
LONG_WORKFLOW = arn("states", "stateMachine:taskline-dev-long-workflow")
EXECUTIONS = arn("states", "execution:taskline-dev-long-workflow:*")
PROCESSOR = live("taskline-dev-processor")
LOCATION = Location(partition=PARTITION, region=REGION, account=ACCOUNT, prefix="taskline-dev")

STREAM = arn("dynamodb", "table/taskline-dev-tasks/stream/2026-01-31T12:00:00.000")
PATTERNS = arn("dynamodb", "table/taskline-dev-failure-patterns")
GATES = arn("dynamodb", "table/taskline-dev-gates")
GATES_STREAM = arn("dynamodb", "table/taskline-dev-gates/stream/2026-01-31T12:00:00.000")
COUNTS = arn("dynamodb", "table/taskline-dev-counts")
PIPE = arn("pipes", "pipe/taskline-dev-tasks-pipe")
PIPE_LOGS = arn("logs", "log-group:/aws/vendedlogs/pipes/taskline-dev-tasks-pipe") + ":*"
FAILED_TASKS = arn("sqs", "taskline-dev-failed-tasks")

TRACE = {("xray:PutTraceSegments", "*"), ("xray:PutTelemetryRecords", "*")}
# https://docs.aws.amazon.com/step-functions/latest/dg/xray-iam.html
SAMPLE = {("xray:GetSamplingRules", "*"), ("xray:GetSamplingTargets", "*")}
DELIVER_LOGS = {
    (f"logs:{action}", "*")
    for action in (
        "CreateLogDelivery",
        "GetLogDelivery",
        "UpdateLogDelivery",
        "DeleteLogDelivery",
        "ListLogDeliveries",
        "PutResourcePolicy",
        "DescribeResourcePolicies",
        "DescribeLogGroups",
    )
}


def own_logs(function: str) -> set[tuple[str, str]]:
    group = arn("logs", f"log-group:/aws/lambda/taskline-dev-{function}") + ":*"
    return {("logs:CreateLogStream", group), ("logs:PutLogEvents", group)}


EXPECTED = {
    "validator": own_logs("validator")
    | TRACE
    | {("dynamodb:PutItem", TABLE), ("dynamodb:GetItem", TABLE), ("sqs:SendMessage", QUEUE)},
    "reader": own_logs("reader")
    | TRACE
    | {("dynamodb:GetItem", TABLE), ("dynamodb:BatchGetItem", TABLE), ("dynamodb:Query", COUNTS)}
    | {("dynamodb:Query", f"{TABLE}/index/{index}") for index in ("by_time", "by_status", "by_key")},
    "canceller": own_logs("canceller") | TRACE | {("dynamodb:UpdateItem", TABLE), ("dynamodb:GetItem", TABLE)},
    "redrive": own_logs("redrive")
    | TRACE
    | {(f"dynamodb:{action}", TABLE) for action in ("BatchGetItem", "GetItem", "UpdateItem")}
    | {(f"dynamodb:{action}", f"{TABLE}/index/failed") for action in ("Query", "Scan")}
    | {("sqs:SendMessage", QUEUE)}
    | {(f"sqs:{action}", DEAD_LETTERS) for action in ("ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility")},
    "documents": own_logs("documents") | TRACE,
    "processor": own_logs("processor") | TRACE,
    # On condition that it touches nothing but the progress of a task.
    "processor-long": own_logs("processor-long") | TRACE | {("dynamodb:UpdateItem", TABLE)},
    "workers": own_logs("workers")
    | TRACE
    | {("dynamodb:GetItem", TABLE), ("dynamodb:UpdateItem", TABLE)}
    | {(f"states:SendTask{what}", "*") for what in ("Success", "Failure", "Heartbeat")},
    # What API Gateway's own managed policy has: it rejects a role with less.
    "api-access": {
        (f"logs:{action}", "*")
        for action in (
            "CreateLogGroup",
            "CreateLogStream",
            "DescribeLogGroups",
            "DescribeLogStreams",
            "PutLogEvents",
            "GetLogEvents",
            "FilterLogEvents",
        )
    },
    "workflow": TRACE
    | SAMPLE
    | DELIVER_LOGS
    | {
        ("dynamodb:UpdateItem", TABLE),
        ("dynamodb:GetItem", TABLE),
        *((f"dynamodb:{action}", GATES) for action in ("GetItem", "UpdateItem", "PutItem")),
        ("lambda:InvokeFunction", PROCESSOR),
        ("sqs:SendMessage", DEAD_LETTERS),
        ("states:StartExecution", LONG_WORKFLOW),
    },
    "long-workflow": TRACE
    | SAMPLE
    | DELIVER_LOGS
    | {
        ("dynamodb:UpdateItem", TABLE),
        ("dynamodb:GetItem", TABLE),
        *((f"dynamodb:{action}", GATES) for action in ("GetItem", "UpdateItem")),
        ("lambda:InvokeFunction", PROCESSOR.replace("processor", "processor-long")),
        ("sqs:SendMessage", DEAD_LETTERS),
    },
    "events": own_logs("events")
    | TRACE
    | {
        ("dynamodb:DescribeStream", STREAM),
        ("dynamodb:GetRecords", STREAM),
        ("dynamodb:GetShardIterator", STREAM),
        ("dynamodb:ListStreams", "*"),
        ("sns:Publish", arn("sns", "taskline-dev-task-events")),
        ("sqs:SendMessage", arn("sqs", "taskline-dev-event-failures")),
    },
    "keys": own_logs("keys")
    | TRACE
    | {(f"dynamodb:{action}", GATES) for action in ("GetItem", "BatchGetItem", "UpdateItem")}
    | {("dynamodb:Query", f"{GATES}/index/closed")}
    | {(f"dynamodb:{action}", TABLE) for action in ("BatchGetItem", "UpdateItem")},
    "gatekeeper": own_logs("gatekeeper")
    | TRACE
    | {(f"dynamodb:{action}", GATES_STREAM) for action in ("DescribeStream", "GetRecords", "GetShardIterator")}
    | {("dynamodb:ListStreams", "*")}
    | {(f"dynamodb:{action}", GATES) for action in ("GetItem", "BatchGetItem", "Query", "UpdateItem", "DeleteItem")}
    | {("dynamodb:Query", f"{GATES}/index/closed")}
    | {(f"dynamodb:{action}", TABLE) for action in ("GetItem", "BatchGetItem", "UpdateItem", "ConditionCheckItem")}
    | {("sqs:SendMessage", QUEUE), ("states:ListExecutions", LONG_WORKFLOW)}
    | {(f"states:{action}Execution", EXECUTIONS) for action in ("Describe", "Stop")},
    "counter": own_logs("counter")
    | TRACE
    | {(f"dynamodb:{action}", STREAM) for action in ("DescribeStream", "GetRecords", "GetShardIterator")}
    | {("dynamodb:ListStreams", "*")}
    | {(f"dynamodb:{action}", COUNTS) for action in ("GetItem", "UpdateItem", "DeleteItem")},
    "monitor": own_logs("monitor")
    | TRACE
    | {
        ("sqs:ReceiveMessage", FAILED_TASKS),
        ("sqs:DeleteMessage", FAILED_TASKS),
        ("sqs:GetQueueAttributes", FAILED_TASKS),
        ("dynamodb:GetItem", PATTERNS),
        ("dynamodb:PutItem", PATTERNS),
        ("dynamodb:UpdateItem", PATTERNS),
        ("sns:Publish", arn("sns", "taskline-dev-alerts")),
    },
    "breaker": own_logs("breaker")
    | TRACE
    | {
        ("dynamodb:GetItem", arn("dynamodb", "table/taskline-dev-breaker")),
        ("dynamodb:PutItem", arn("dynamodb", "table/taskline-dev-breaker")),
        ("pipes:DescribePipe", PIPE),
        ("pipes:StartPipe", PIPE),
        ("pipes:StopPipe", PIPE),
        ("cloudwatch:GetMetricStatistics", "*"),
    },
    "tasks-pipe": {
        ("sqs:ReceiveMessage", QUEUE),
        ("sqs:DeleteMessage", QUEUE),
        ("sqs:GetQueueAttributes", QUEUE),
        ("states:StartSyncExecution", WORKFLOW),
        *((f"logs:{action}", PIPE_LOGS) for action in ("CreateLogStream", "PutLogEvents")),
    },
}


def pairs(statements: Any) -> list[tuple[str, str]]:
    """Every action on every resource that is allowed, one by one."""
    return [
        (action, resource)
        for statement in statements
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
        for resource in ([statement["Resource"]] if isinstance(statement["Resource"], str) else statement["Resource"])
        if statement["Effect"] == "Allow"
    ]


@pytest.mark.parametrize("actor", EXPECTED)
def test_a_role_may_do_exactly_what_its_actor_does(stack: Stack, actor: str) -> None:
    policy = stack.one("aws:iam/rolePolicy:RolePolicy", f"{actor}-policy")
    allowed = pairs(policy.json("policy")["Statement"])
    assert set(allowed) == EXPECTED[actor], "what it needs, and no more"
    assert len(allowed) == len(set(allowed)), "and nothing twice"
    assert policy.json("policy")["Version"] == "2012-10-17"
    assert policy.inputs["role"] == role_name(actor)


def role_name(actor: str) -> str:
    """Each has the name of its actor; the one that outlives the stack is the account's, and collides with no other."""
    return f"taskline-gateway-logs-{SUFFIX}" if actor == "api-access" else f"taskline-dev-{actor}"


def test_the_role_with_which_all_apis_of_the_account_log_outlives_the_stack(stack: Stack) -> None:
    kept = {one.name for one in stack if one.retained}
    assert kept == {"api-access-role", "api-access-policy", "api-access-account"}


def test_every_role_has_one_policy_and_no_other(stack: Stack) -> None:
    roles = {one.inputs["role"] for one in stack.all("aws:iam/rolePolicy:RolePolicy")}
    assert roles == {role_name(actor) for actor in EXPECTED}
    assert len(stack.all("aws:iam/rolePolicy:RolePolicy")) == len(roles)
    for role in stack.all("aws:iam/role:Role"):
        assert role.inputs.keys() - {"name", "namePrefix"} == {"assumeRolePolicy"}, "no other policy"


@pytest.mark.parametrize("function", ["validator", "reader", "canceller", "redrive", "processor", "events", "monitor"])
def test_only_lambda_can_assume_a_functions_role(stack: Stack, function: str) -> None:
    (statement,) = stack.one("aws:iam/role:Role", f"{function}-role").json("assumeRolePolicy")["Statement"]
    assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert statement["Action"] == "sts:AssumeRole"
    assert "Condition" not in statement, "Lambda sends neither account nor source: a condition would lock it out"


@pytest.mark.parametrize(
    ("actor", "service", "source"),
    [("workflow", "states", WORKFLOW), ("tasks-pipe", "pipes", arn("pipes", "pipe/taskline-dev-tasks-pipe"))],
)
def test_only_one_resource_of_this_account_can_assume_its_role(
    stack: Stack, actor: str, service: str, source: str
) -> None:
    """Otherwise a pipe of any account could use it (the confused deputy)."""
    (statement,) = stack.one("aws:iam/role:Role", f"{actor}-role").json("assumeRolePolicy")["Statement"]
    assert statement["Effect"] == "Allow"
    assert statement["Principal"] == {"Service": f"{service}.amazonaws.com"}
    assert statement["Action"] == "sts:AssumeRole"
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnEquals": {"aws:SourceArn": source},
    }


def test_the_trusted_source_is_the_resource_that_is_created(stack: Stack) -> None:
    assert stack.one("aws:sfn/stateMachine:StateMachine", "workflow-machine").inputs["name"] == WORKFLOW.split(":")[-1]
    assert stack.one("aws:pipes/pipe:Pipe", "tasks-pipe-pipe").inputs["name"] == "taskline-dev-tasks-pipe"


@pytest.mark.parametrize("function", ["validator", "reader", "canceller", "redrive", "documents", "breaker"])
def test_only_our_api_may_call_a_function(stack: Stack, function: str) -> None:
    permission = stack.one("aws:lambda/permission:Permission", f"api-{function}-permission")
    assert permission.inputs == {
        "action": "lambda:InvokeFunction",
        "principal": "apigateway.amazonaws.com",
        "function": f"taskline-dev-{function}",
        "qualifier": "live",
        "sourceArn": arn("execute-api", "a1b2c3d4e5/v1/*"),
    }


# The state machine's permissions follow from its definition.


def a_task(integration: str, **arguments: str) -> dict[str, Any]:
    return {"Type": "Task", "Resource": f"arn:aws:states:::{integration}", "Arguments": arguments}


def computed(**states: dict[str, Any]) -> list[Any]:
    return machine_statements({"States": states}, LOCATION)


@pytest.mark.parametrize(
    ("state", "action", "resource"),
    [
        (a_task("dynamodb:getItem", TableName="t"), "dynamodb:GetItem", arn("dynamodb", "table/t")),
        (a_task("dynamodb:updateItem", TableName="t"), "dynamodb:UpdateItem", arn("dynamodb", "table/t")),
        (a_task("sqs:sendMessage", QueueUrl="https://sqs/1/q.fifo"), "sqs:SendMessage", arn("sqs", "q.fifo")),
        (a_task("lambda:invoke", FunctionName=PROCESSOR), "lambda:InvokeFunction", PROCESSOR),
    ],
)
def test_a_task_state_gives_its_permission(state: dict[str, Any], action: str, resource: str) -> None:
    (statement,) = computed(DoIt=state)
    assert statement == {"Sid": "ForDoIt", "Effect": "Allow", "Action": [action], "Resource": resource}


def test_states_with_the_same_permission_share_one_statement() -> None:
    same = a_task("dynamodb:getItem", TableName="t")
    statements = computed(A=same, B={"Type": "Pass"}, C=same, D=a_task("dynamodb:getItem", TableName="u"))
    assert [(s["Sid"], s["Resource"]) for s in statements] == [
        ("ForAAndC", arn("dynamodb", "table/t")),
        ("ForD", arn("dynamodb", "table/u")),
    ]


def test_a_machine_without_tasks_may_do_nothing() -> None:
    assert computed(A={"Type": "Choice"}, B={"Type": "Succeed"}) == []


@pytest.mark.parametrize("integration", ["dynamodb:putItem", "sns:publish", "lambda:invoke.sync"])
def test_an_unknown_integration_is_an_error_that_names_it(integration: str) -> None:
    with pytest.raises(
        UnknownIntegrationError, match=rf"'DoIt' uses 'arn:aws:states:::{integration}'.*dynamodb:getItem"
    ):
        computed(DoIt=a_task(integration))


@pytest.mark.parametrize("kind", ["Map", "Parallel"])
def test_states_inside_states_are_an_error(kind: str) -> None:
    with pytest.raises(UnknownIntegrationError, match=f"'DoIt'.*{kind}"):
        computed(DoIt={"Type": kind})


def test_every_task_of_the_shipped_definition_has_its_permission() -> None:
    tasks = {name for name, state in raw_definition()["States"].items() if state["Type"] == "Task"}
    statements = machine_statements(raw_definition(), LOCATION)
    named = {name for statement in statements for name in statement["Sid"].removeprefix("For").split("And")}
    assert named == tasks


def test_a_policy_document_has_the_version_that_iam_requires() -> None:
    assert iam.document() == {"Version": "2012-10-17", "Statement": []}
