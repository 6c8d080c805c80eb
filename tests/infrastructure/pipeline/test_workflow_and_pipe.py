"""The state machine, the pipe that feeds it, and the times that both depend on."""

import json
from pathlib import Path

import pytest

from tests.infrastructure.recording import Resource, Stack, arn, live, run
from tests.infrastructure.stages import evaluated

MACHINE = "aws:sfn/stateMachine:StateMachine"
TASKS = arn("sqs", "taskline-dev-tasks.fifo")
WORKFLOW = arn("states", "stateMachine:taskline-dev-workflow")


@pytest.fixture(scope="module")
def machine(stack: Stack) -> Resource:
    return stack.one(MACHINE, "workflow-machine")


@pytest.fixture(scope="module")
def pipe(stack: Stack) -> Resource:
    return stack.one("aws:pipes/pipe:Pipe", "tasks-pipe-pipe")


def test_the_workflow_is_express(machine: Resource) -> None:
    assert machine.inputs["type"] == "EXPRESS", "a pipe can wait only for an Express execution"


def test_the_workflow_is_traced(machine: Resource) -> None:
    assert machine.inputs["tracingConfiguration"] == {"enabled": True}


def test_executions_are_logged_because_an_express_execution_has_no_other_history(machine: Resource) -> None:
    assert machine.inputs["loggingConfiguration"] == {
        "level": "ALL",
        "includeExecutionData": True,
        "logDestination": arn("logs", "log-group:/aws/vendedlogs/states/taskline-dev-workflow") + ":*",
    }


def test_what_is_logged_can_be_set(layer: Path) -> None:
    changed = run("dev", layer, executionLogLevel="FATAL", logExecutionData=False)
    logging = changed.one(MACHINE, "workflow-machine").inputs["loggingConfiguration"]
    assert (logging["level"], logging["includeExecutionData"]) == ("FATAL", False)


@pytest.mark.parametrize(("name", "service"), [("workflow", "states"), ("tasks-pipe", "pipes")])
def test_delivered_logs_have_a_group_that_adds_to_no_resource_policy(stack: Stack, name: str, service: str) -> None:
    logs = stack.one("aws:cloudwatch/logGroup:LogGroup", f"{name}-logs")
    assert logs.inputs == {"name": f"/aws/vendedlogs/{service}/taskline-dev-{name}", "retentionInDays": 7}


def test_the_definition_is_filled_in(machine: Resource) -> None:
    definition = machine.json("definition")
    assert "${" not in machine.inputs["definition"]
    assert definition["States"]["ClaimTask"]["Arguments"]["TableName"] == "taskline-dev-tasks"
    assert definition["States"]["ProcessTask"]["Arguments"]["FunctionName"] == live("taskline-dev-processor")
    assert definition["States"]["SendToDeadLetterQueue"]["Arguments"]["QueueUrl"].endswith(
        "/taskline-dev-dead-letters.fifo"
    )


def test_the_retention_of_records_is_in_the_definition(layer: Path) -> None:
    definition = run("dev", layer, recordRetentionHours=100).one(MACHINE, "workflow-machine").inputs["definition"]
    assert definition.count("/ 1000) + 360000)") == 2, "for tasks that succeeded and for tasks that failed"


@pytest.mark.parametrize("name", ["workflow-machine", "tasks-pipe-pipe"])
def test_a_role_is_complete_before_it_is_used(stack: Stack, name: str) -> None:
    """A pipe whose role has no policy yet fails with an opaque "did not stabilize"."""
    owner = name.rsplit("-", 1)[0]
    (made,) = (one for one in stack if one.name == name)
    assert made.inputs["roleArn"] == arn("iam", f"role/taskline-dev-{owner}", "")
    assert made.depends_on(stack.one("aws:iam/rolePolicy:RolePolicy", f"{owner}-policy"))


def test_the_pipe_leads_from_the_queue_to_the_workflow(pipe: Resource) -> None:
    assert (pipe.inputs["source"], pipe.inputs["target"]) == (TASKS, WORKFLOW)


def test_the_pipe_takes_one_message_at_a_time(pipe: Resource) -> None:
    assert pipe.inputs["sourceParameters"] == {"sqsQueueParameters": {"batchSize": 1}}, "and sets nothing else"


def test_the_pipe_waits_for_the_outcome(pipe: Resource) -> None:
    parameters = pipe.inputs["targetParameters"]
    assert parameters == {"stepFunctionStateMachineParameters": {"invocationType": "REQUEST_RESPONSE"}}


def test_the_pipe_passes_the_message_on_unchanged(pipe: Resource) -> None:
    assert "inputTemplate" not in json.dumps(pipe.inputs)
    assert pipe.inputs.keys().isdisjoint({"enrichment", "enrichmentParameters"})


def test_the_pipe_runs(pipe: Resource) -> None:
    assert pipe.inputs.get("desiredState", "RUNNING") == "RUNNING"


def test_the_pipe_has_its_own_logs(pipe: Resource) -> None:
    assert pipe.inputs["logConfiguration"] == {
        "level": "ERROR",
        "cloudwatchLogsLogDestination": {
            "logGroupArn": arn("logs", "log-group:/aws/vendedlogs/pipes/taskline-dev-tasks-pipe")
        },
    }


@pytest.mark.parametrize(
    ("stage", "handler", "workflow"),
    # claim 12 + look up 12 + 5 runs of (handler + 1) with 8 s between + record 12 + dead letter 12
    [("dev", 5, 107), ("staging", 30, 282), ("prod", 30, 282)],
)
def test_the_times_of_a_stage_are_a_chain(stage: str, handler: int, workflow: int) -> None:
    made = evaluated(stage)
    definition = made.one(MACHINE, "workflow-machine").json("definition")
    lease = definition["States"]["ClaimTask"]["Arguments"]["ExpressionAttributeValues"][":lease_until"]["N"]
    visibility = made.one("aws:sqs/queue:Queue", "tasks-queue").inputs["visibilityTimeoutSeconds"]
    assert made.one("aws:lambda/function:Function", "processor-function").inputs["timeout"] == handler
    assert definition["States"]["ProcessTask"]["TimeoutSeconds"] == handler + 1, "Lambda's own timeout comes first"
    assert definition["TimeoutSeconds"] == workflow <= 290, "a pipe waits for five minutes"
    assert f"{workflow + 10} * 1000" in lease, "an execution that could still run holds the lease"
    assert visibility == workflow + 20, "a message returns after its lease has expired, not before"


def test_a_deployment_does_not_start_a_pipe_that_the_breaker_has_stopped(stack: Stack) -> None:
    pipe = stack.one("aws:pipes/pipe:Pipe", "tasks-pipe-pipe")
    assert "desiredState" not in pipe.inputs
    assert pipe.ignored_changes == ("desiredState",)
