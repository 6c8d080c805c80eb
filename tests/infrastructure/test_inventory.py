"""All resources that the program creates: the same on every evaluation, in an update and in a preview."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from tests.infrastructure.recording import Stack, arn, run

ROOT = Path(__file__).parents[2]
STAGES = sorted(path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml"))
KNOWN_BEFORE_DEPLOYMENT = {
    *("task_types", "table_name", "function_names", "pipe_name", "state_machine_name"),
    *("dashboard_url", "log_queries", "lanes"),
}
OUTPUTS = (
    *("api_url", "api_key_ids", "queue_url", "dead_letter_queue_url", "table_name", "task_types", "function_names"),
    *("events_topic_arn", "event_failures_queue_url", "alerts_topic_arn", "pipe_name", "state_machine_name"),
    *("state_machine_arn", "long_state_machine_arn", "console_url", "dashboard_url", "log_queries", "lanes"),
)
QUERIES = (
    *("one-task", "one-execution", "one-request", "slowest-tasks", "failures-by-class", "failed-tasks"),
    *("failed-executions", "throttles", "refused-requests", "errors"),
)

ALARMS = (
    "dead-letters-age",
    "account-concurrency",
    "event-failures-age",
    "events-behind",
    "pipe-failures",
    "validator-errors",
    "reader-errors",
    "canceller-errors",
    "redrive-errors",
    "keys-errors",
    "workers-errors",
    "processor-long-errors",
    "processor-long-throttles",
    "gatekeeper-errors",
    "gates-behind",
    "keys-halted",
    "documents-errors",
    "events-errors",
    "counts-behind",
    "counter-errors",
    "monitor-errors",
    "breaker-errors",
    *("api-errors", "processor-errors", "dead-letters", "event-failures", "queue-age", "pipe-stopped", "breaker-open"),
    *("failed-long-executions", "timed-out-long-executions"),
    *("failed-executions", "timed-out-executions", "no-executions", "breaker-rate", "breaker-volume"),
    *("api-throttles", "processor-throttles", "pipe-throttles", "table-throttles"),
)
BLOCKS = "taskline:blocks"
OBJECTIVES = [f"slo-{name}-{burn}" for name in ("accepted", "started", "succeeded") for burn in ("fast", "slow")]
FUNCTIONS = (
    *("validator", "reader", "canceller", "redrive", "keys", "workers", "documents", "processor", "processor-long"),
    *("gatekeeper", "events", "counter", "monitor", "breaker"),
)
INVENTORY = Counter(
    [
        ("aws:apigateway/account:Account", "api-access-account"),
        ("aws:apigateway/apiKey:ApiKey", "api-usage-default-key"),
        ("aws:apigateway/deployment:Deployment", "api-deployment"),
        ("aws:apigateway/methodSettings:MethodSettings", "api-throttle"),
        ("aws:apigateway/restApi:RestApi", "api-rest-api"),
        ("aws:apigateway/stage:Stage", "api-stage"),
        ("aws:apigateway/usagePlan:UsagePlan", "api-usage-plan"),
        ("aws:apigateway/usagePlanKey:UsagePlanKey", "api-usage-default-member"),
        ("aws:cloudwatch/logGroup:LogGroup", "api-access-logs"),
        ("aws:cloudwatch/logGroup:LogGroup", "canceller-logs"),
        ("aws:cloudwatch/logGroup:LogGroup", "documents-logs"),
        ("aws:cloudwatch/logGroup:LogGroup", "events-logs"),
        ("aws:cloudwatch/logGroup:LogGroup", "counter-logs"),
        ("aws:cloudwatch/logGroup:LogGroup", "keys-logs"),
        ("aws:cloudwatch/logGroup:LogGroup", "gatekeeper-logs"),
        ("aws:cloudwatch/logGroup:LogGroup", "monitor-logs"),
        ("aws:cloudwatch/logGroup:LogGroup", "processor-logs"),
        ("aws:cloudwatch/logGroup:LogGroup", "reader-logs"),
        ("aws:cloudwatch/logGroup:LogGroup", "redrive-logs"),
        ("aws:cloudwatch/logGroup:LogGroup", "tasks-pipe-logs"),
        ("aws:cloudwatch/logGroup:LogGroup", "validator-logs"),
        ("aws:cloudwatch/logGroup:LogGroup", "workflow-logs"),
        ("aws:dynamodb/table:Table", "failure-patterns-table"),
        ("aws:dynamodb/table:Table", "counts-table"),
        ("aws:dynamodb/table:Table", "gates-table"),
        ("aws:dynamodb/table:Table", "tasks-table"),
        ("aws:iam/role:Role", "api-access-role"),
        ("aws:iam/role:Role", "canceller-role"),
        ("aws:iam/role:Role", "documents-role"),
        ("aws:iam/role:Role", "events-role"),
        ("aws:iam/role:Role", "counter-role"),
        ("aws:iam/role:Role", "keys-role"),
        ("aws:iam/role:Role", "gatekeeper-role"),
        ("aws:iam/role:Role", "monitor-role"),
        ("aws:iam/role:Role", "processor-role"),
        ("aws:iam/role:Role", "reader-role"),
        ("aws:iam/role:Role", "redrive-role"),
        ("aws:iam/role:Role", "tasks-pipe-role"),
        ("aws:iam/role:Role", "validator-role"),
        ("aws:iam/role:Role", "workflow-role"),
        ("aws:iam/rolePolicy:RolePolicy", "api-access-policy"),
        ("aws:iam/rolePolicy:RolePolicy", "canceller-policy"),
        ("aws:iam/rolePolicy:RolePolicy", "documents-policy"),
        ("aws:iam/rolePolicy:RolePolicy", "events-policy"),
        ("aws:iam/rolePolicy:RolePolicy", "counter-policy"),
        ("aws:iam/rolePolicy:RolePolicy", "keys-policy"),
        ("aws:iam/rolePolicy:RolePolicy", "gatekeeper-policy"),
        ("aws:iam/rolePolicy:RolePolicy", "monitor-policy"),
        ("aws:iam/rolePolicy:RolePolicy", "processor-policy"),
        ("aws:iam/rolePolicy:RolePolicy", "reader-policy"),
        ("aws:iam/rolePolicy:RolePolicy", "redrive-policy"),
        ("aws:iam/rolePolicy:RolePolicy", "tasks-pipe-policy"),
        ("aws:iam/rolePolicy:RolePolicy", "validator-policy"),
        ("aws:iam/rolePolicy:RolePolicy", "workflow-policy"),
        ("aws:lambda/eventSourceMapping:EventSourceMapping", "events-mapping"),
        ("aws:lambda/eventSourceMapping:EventSourceMapping", "counter-mapping"),
        ("aws:lambda/eventSourceMapping:EventSourceMapping", "gatekeeper-mapping"),
        ("aws:lambda/eventSourceMapping:EventSourceMapping", "monitor-mapping"),
        ("aws:lambda/function:Function", "canceller-function"),
        ("aws:lambda/function:Function", "documents-function"),
        ("aws:lambda/function:Function", "events-function"),
        ("aws:lambda/function:Function", "counter-function"),
        ("aws:lambda/function:Function", "keys-function"),
        ("aws:lambda/function:Function", "gatekeeper-function"),
        ("aws:lambda/function:Function", "monitor-function"),
        ("aws:lambda/function:Function", "processor-function"),
        ("aws:lambda/function:Function", "reader-function"),
        ("aws:lambda/function:Function", "redrive-function"),
        ("aws:lambda/function:Function", "validator-function"),
        ("aws:lambda/layerVersion:LayerVersion", "code-layer"),
        ("aws:lambda/permission:Permission", "api-canceller-permission"),
        ("aws:lambda/permission:Permission", "api-keys-permission"),
        ("aws:lambda/permission:Permission", "api-documents-permission"),
        ("aws:lambda/permission:Permission", "api-reader-permission"),
        ("aws:lambda/permission:Permission", "api-redrive-permission"),
        ("aws:lambda/permission:Permission", "api-validator-permission"),
        ("aws:pipes/pipe:Pipe", "tasks-pipe-pipe"),
        ("aws:sfn/stateMachine:StateMachine", "workflow-machine"),
        ("aws:sns/topic:Topic", "alerts-topic"),
        ("aws:sns/topic:Topic", "task-events-topic"),
        ("aws:sns/topicPolicy:TopicPolicy", "alerts-policy"),
        ("aws:sns/topicPolicy:TopicPolicy", "task-events-policy"),
        ("aws:sns/topicSubscription:TopicSubscription", "monitor-subscription"),
        ("aws:sqs/queue:Queue", "dead-letters-queue"),
        ("aws:sqs/queue:Queue", "event-failures-queue"),
        ("aws:sqs/queue:Queue", "failed-tasks-queue"),
        ("aws:sqs/queue:Queue", "tasks-queue"),
        ("aws:ssm/parameter:Parameter", "id-secret-parameter"),
        ("taskline:blocks:Secret", "id-secret"),
        ("aws:sqs/queuePolicy:QueuePolicy", "dead-letters-policy"),
        ("aws:sqs/queuePolicy:QueuePolicy", "event-failures-policy"),
        ("aws:sqs/queuePolicy:QueuePolicy", "failed-tasks-policy"),
        ("aws:sqs/queuePolicy:QueuePolicy", "tasks-policy"),
        ("taskline:api:AccessLog", "api-access"),
        ("taskline:api:Api", "api"),
        ("taskline:blocks:Code", "code"),
        ("taskline:watch:Events", "events"),
        ("taskline:watch:Counter", "counter"),
        ("taskline:pipeline:Gates", "gates"),
        ("taskline:pipeline:Gatekeeper", "gatekeeper"),
        ("taskline:api:Front", "front"),
        ("taskline:blocks:Function", "canceller"),
        ("taskline:blocks:Function", "documents"),
        ("taskline:blocks:Function", "events"),
        ("taskline:blocks:Function", "counter"),
        ("taskline:blocks:Function", "keys"),
        ("taskline:blocks:Function", "gatekeeper"),
        ("taskline:blocks:Function", "monitor"),
        ("taskline:blocks:Function", "processor"),
        ("taskline:blocks:Function", "reader"),
        ("taskline:blocks:Function", "redrive"),
        ("taskline:blocks:Function", "validator"),
        ("taskline:pipeline:Lane", "tasks"),
        ("taskline:watch:Monitor", "monitor"),
        ("taskline:watch:PatternTable", "failure-patterns"),
        ("taskline:watch:CountTable", "counts"),
        ("taskline:pipeline:Pipe", "tasks-pipe"),
        ("taskline:pipeline:Processing", "processing"),
        ("taskline:blocks:FifoQueue", "dead-letters"),
        ("taskline:blocks:FifoQueue", "tasks"),
        ("taskline:blocks:Role", "api-access"),
        ("taskline:blocks:Role", "canceller"),
        ("taskline:blocks:Role", "documents"),
        ("taskline:blocks:Role", "events"),
        ("taskline:blocks:Role", "counter"),
        ("taskline:blocks:Role", "keys"),
        ("taskline:blocks:Role", "gatekeeper"),
        ("taskline:blocks:Role", "monitor"),
        ("taskline:blocks:Role", "processor"),
        ("taskline:blocks:Role", "reader"),
        ("taskline:blocks:Role", "redrive"),
        ("taskline:blocks:Role", "tasks-pipe"),
        ("taskline:blocks:Role", "validator"),
        ("taskline:blocks:Role", "workflow"),
        ("taskline:blocks:StandardQueue", "event-failures"),
        ("taskline:blocks:StandardQueue", "failed-tasks"),
        ("taskline:pipeline:Table", "tasks"),
        ("taskline:blocks:Topic", "alerts"),
        ("taskline:blocks:Topic", "task-events"),
        ("taskline:api:UsagePlan", "api-usage"),
        ("taskline:pipeline:Workflow", "workflow"),
        ("aws:cloudwatch/compositeAlarm:CompositeAlarm", "breaker-trip-alarm"),
        ("aws:cloudwatch/compositeAlarm:CompositeAlarm", "queue-stuck-alarm"),
        ("aws:cloudwatch/eventRule:EventRule", "breaker-rule"),
        ("aws:cloudwatch/eventRule:EventRule", "gates-rule"),
        ("aws:cloudwatch/eventTarget:EventTarget", "breaker-target"),
        ("aws:cloudwatch/eventTarget:EventTarget", "gates-target"),
        ("aws:cloudwatch/logGroup:LogGroup", "breaker-logs"),
        ("aws:dynamodb/table:Table", "breaker-table"),
        ("aws:iam/role:Role", "breaker-role"),
        ("aws:iam/rolePolicy:RolePolicy", "breaker-policy"),
        ("aws:lambda/function:Function", "breaker-function"),
        ("aws:lambda/permission:Permission", "api-breaker-permission"),
        ("aws:lambda/permission:Permission", "breaker-tick-permission"),
        ("aws:lambda/permission:Permission", "gates-tick-permission"),
        ("aws:lambda/permission:Permission", "breaker-trips-permission"),
        ("aws:sns/topic:Topic", "breaker-trips-topic"),
        ("aws:sns/topicPolicy:TopicPolicy", "breaker-trips-policy"),
        ("aws:sns/topicSubscription:TopicSubscription", "breaker-subscription"),
        ("taskline:watch:AllOf", "breaker-trip"),
        ("taskline:watch:AllOf", "queue-stuck"),
        ("taskline:watch:Alarms", "alarms"),
        ("taskline:watch:Breaker", "breaker"),
        ("taskline:blocks:Function", "breaker"),
        ("taskline:blocks:Role", "breaker"),
        ("taskline:blocks:Topic", "breaker-trips"),
        ("aws:cloudwatch/dashboard:Dashboard", "dashboard-dashboard"),
        ("taskline:blocks:Published", "outputs"),
        ("taskline:watch:Dashboard", "dashboard"),
        ("taskline:watch:Queries", "queries"),
        ("taskline:watch:Traces", "traces"),
        ("aws:xray/samplingRule:SamplingRule", "traces-rule"),
        *(("aws:ssm/parameter:Parameter", f"outputs-{name}") for name in OUTPUTS),
        *(("aws:cloudwatch/queryDefinition:QueryDefinition", f"{name}-query") for name in QUERIES),
        *(("aws:lambda/alias:Alias", f"{name}-live") for name in FUNCTIONS),
        *(("aws:cloudwatch/metricAlarm:MetricAlarm", f"{name}-alarm") for name in ALARMS),
        *(("taskline:watch:MetricAlarm", name) for name in ALARMS),
        *(("aws:cloudwatch/metricAlarm:MetricAlarm", f"{name}-alarm") for name in OBJECTIVES),
        ("taskline:watch:ObjectiveAlarms", "objectives"),
        *(
            (kind, f"{name}-{part}")
            for name in ("workers", "processor-long")
            for kind, part in (
                ("aws:cloudwatch/logGroup:LogGroup", "logs"),
                ("aws:iam/role:Role", "role"),
                ("aws:iam/rolePolicy:RolePolicy", "policy"),
                ("aws:lambda/function:Function", "function"),
            )
        ),
        *((kind, name) for name in ("workers", "processor-long") for kind in (f"{BLOCKS}:Function", f"{BLOCKS}:Role")),
        ("aws:lambda/permission:Permission", "api-workers-permission"),
        ("aws:cloudwatch/logGroup:LogGroup", "long-workflow-logs"),
        ("aws:iam/role:Role", "long-workflow-role"),
        ("aws:iam/rolePolicy:RolePolicy", "long-workflow-policy"),
        ("aws:sfn/stateMachine:StateMachine", "long-workflow-machine"),
        ("taskline:blocks:Role", "long-workflow"),
        ("taskline:pipeline:Workflow", "long-workflow"),
    ]
)


def test_an_update_creates_exactly_these_resources(stack: Stack) -> None:
    assert stack.inventory() == INVENTORY, "a missing or an extra resource has to be intended"


def test_a_preview_shows_exactly_the_resources_that_an_update_creates(preview: Stack) -> None:
    assert preview.inventory() == INVENTORY


def test_every_resource_belongs_to_a_component(stack: Stack) -> None:
    components = {one.name for one in stack if not one.custom}
    assert [one.name for one in stack if one.custom and one.parent not in components] == []


def test_names_start_with_project_and_stage(stack: Stack) -> None:
    for one in stack:
        if one.type == "aws:lambda/alias:Alias":
            continue  # named within its function
        if one.retained:
            continue  # the account's
        if one.custom and (name := one.inputs.get("name") or one.inputs.get("layerName")):
            ours = "taskline-dev-" in name or name.startswith(("/taskline/dev/", "taskline-dev/"))
            assert ours, f"{one.name}: two stages in one account would collide"


def test_two_evaluations_are_the_same_to_the_last_byte(stack: Stack, layer: Path) -> None:
    assert run("dev", layer).plain() == stack.plain(), "an update without a change must change nothing"


def test_a_preview_differs_from_the_update_only_in_what_is_unknown(stack: Stack, preview: Stack) -> None:
    update = stack.plain()
    for key, seen in preview.plain().items():
        assert_same_but_for_unknowns(seen["inputs"], update[key]["inputs"], str(key))


def assert_same_but_for_unknowns(seen: Any, final: Any, path: str) -> None:
    if isinstance(seen, dict) and isinstance(final, dict):
        assert seen.keys() == final.keys(), path
        for name in seen:
            assert_same_but_for_unknowns(seen[name], final[name], f"{path}.{name}")
    elif isinstance(seen, list) and isinstance(final, list):
        assert len(seen) == len(final), path
        for index, item in enumerate(seen):
            assert_same_but_for_unknowns(item, final[index], f"{path}[{index}]")
    elif seen != "unknown":
        assert seen == final, path


def test_the_program_queries_the_provider_only_for_its_location(stack: Stack) -> None:
    assert sorted(stack.calls) == [
        "aws:index/getCallerIdentity:getCallerIdentity",
        "aws:index/getPartition:getPartition",
        "aws:index/getRegion:getRegion",
    ]


def test_the_outputs_of_an_update(stack: Stack) -> None:
    machine = arn("states", "stateMachine:taskline-dev-workflow")
    queues = "https://sqs.eu-west-1.amazonaws.com/111122223333"
    queries = stack.exports["log_queries"]
    assert set(queries) == {"one-task", "one-execution", "one-request"}
    assert stack.exports == {
        "log_queries": queries,  # its texts are tested by running them
        "dashboard_url": "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1"
        "#dashboards/dashboard/taskline-dev",
        "api_url": "https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/v1",
        "api_key_ids": {"default": "api-usage-default-key-id"},
        "queue_url": f"{queues}/taskline-dev-tasks.fifo",
        "dead_letter_queue_url": f"{queues}/taskline-dev-dead-letters.fifo",
        "table_name": "taskline-dev-tasks",
        "function_names": [
            f"taskline-dev-{name}"
            for name in (
                "validator",
                "reader",
                "canceller",
                "redrive",
                "keys",
                "workers",
                "documents",
                "processor",
                "processor-long",
                "gatekeeper",
                "events",
                "counter",
                "monitor",
                "breaker",
            )
        ],
        "task_types": {
            name: {"retry": {"attempts": 4, "base": 1.0, "cap": 4.0}, "pool": {"name": "default"}}
            for name in ("default", "demo.echo", "demo.flaky", "demo.slow", "demo.strict")
        }
        | {
            name: {"retry": {"attempts": 4, "base": 1.0, "cap": 4.0}, "pool": {"name": "long"}}
            for name in ("demo.long", "demo.worker")
        },
        "events_topic_arn": arn("sns", "taskline-dev-task-events"),
        "event_failures_queue_url": f"{queues}/taskline-dev-event-failures",
        "alerts_topic_arn": arn("sns", "taskline-dev-alerts"),
        "pipe_name": "taskline-dev-tasks-pipe",
        "lanes": {"now": ["tasks"], "before": []},
        "state_machine_name": "taskline-dev-workflow",
        "state_machine_arn": machine,
        "long_state_machine_arn": arn("states", "stateMachine:taskline-dev-long-workflow"),
        "console_url": "https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1"
        f"#/statemachines/view/{machine}",
    }


def test_a_preview_knows_the_names_and_not_the_urls(stack: Stack, preview: Stack) -> None:
    assert preview.exports.keys() == stack.exports.keys()
    known = {name for name, value in preview.exports.items() if not isinstance(value, pulumi.output.Unknown)}
    assert known == KNOWN_BEFORE_DEPLOYMENT
    assert all(preview.exports[name] == stack.exports[name] for name in known)


def test_every_exported_function_name_belongs_to_a_function(stack: Stack) -> None:
    created = {one.inputs["name"] for one in stack.all("aws:lambda/function:Function")}
    assert set(stack.exports["function_names"]) == created


@pytest.mark.parametrize("as_preview", [False, True], ids=["update", "preview"])
@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_can_be_deployed(layer: Path, stage: str, as_preview: bool) -> None:
    made = run(stage, layer, preview=as_preview)
    renamed = Counter((kind, name.replace(f"-{stage}-", "-dev-")) for kind, name in made.inventory())
    assert renamed == INVENTORY, "stages differ in their settings, not in their parts"


def test_the_promised_stages_exist() -> None:
    assert {"dev", "staging", "prod"} <= set(STAGES)


def test_the_project_file_runs_this_program_with_its_own_python() -> None:
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
    assert project["name"] == "taskline"
    assert project["runtime"] == {"name": "python", "options": {"toolchain": "pip", "virtualenv": ".venv"}}
    assert (ROOT / project["main"] / "__main__.py").is_file()


def test_all_inputs_are_resolved(stack: Stack) -> None:
    """What the engine receives can be written as JSON: it holds no Output."""
    json.dumps([one["inputs"] for one in stack.plain().values()])
