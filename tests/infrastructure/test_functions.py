"""The functions: how they run, which variables they have, and what they are made of."""

import importlib
from pathlib import Path
from typing import Any

import pulumi
import pytest

from functions.task_types import load_task_types
from infrastructure.blocks.location import EMULATED_ACCOUNT
from infrastructure.settings.checks import SettingsError
from tests.infrastructure.recording import Recording, Resource, Stack, arn, run

FUNCTIONS = [
    *("validator", "reader", "canceller", "redrive", "keys", "workers", "documents", "processor", "processor-long"),
    *("gatekeeper", "events", "counter", "monitor", "breaker"),
]
FUNCTION = "aws:lambda/function:Function"
VARIABLES = (
    *("TABLE_NAME", "QUEUE_URL", "DEAD_LETTER_QUEUE_URL", "FRESH_SECONDS", "RETENTION_SECONDS"),
    "CANCEL_GRACE_SECONDS",
    *("TOPIC_ARN", "FAILURES_QUEUE_URL", "COUNTS_TABLE_NAME", "GATES_TABLE_NAME"),
    *("PATTERNS_TABLE_NAME", "ALERTS_TOPIC_ARN", "WINDOW_SECONDS", "ALERT_THRESHOLD"),
    *("ACCESS", "TENANCY", "DEFAULT_ORDERING", "ID_SECRET", "ACCEPT_MILLISECONDS", "START_SECONDS"),
    *("BREAKER_TABLE_NAME", "BREAKER_ID", "PIPE_NAME", "PROCESSOR_SERVICE"),
    *("FAILURE_PERCENT", "COOL_DOWN_SECONDS", "PROBE_SECONDS"),
)


def function(stack: Stack, name: str) -> Resource:
    return stack.one(FUNCTION, f"{name}-function")


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize(
    ("property_name", "value"),
    [("runtime", "python3.13"), ("architectures", ["arm64"]), ("tracingConfig", {"mode": "Active"})],
)
def test_a_function_runs_python_3_13_on_arm_and_is_traced(
    stack: Stack, name: str, property_name: str, value: Any
) -> None:
    assert function(stack, name).inputs[property_name] == value


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_has_a_handler_that_exists(stack: Stack, name: str) -> None:
    module, _, attribute = function(stack, name).inputs["handler"].rpartition(".")
    assert module == f"functions.{name.partition('-')[0]}", "pools have the code of the processor"
    assert callable(getattr(importlib.import_module(module), attribute))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_has_its_own_role(stack: Stack, name: str) -> None:
    made = function(stack, name)
    assert made.inputs["role"] == arn("iam", f"role/taskline-dev-{name}", "")
    assert made.depends_on(stack.one("aws:iam/rolePolicy:RolePolicy", f"{name}-policy")), "with its policy in place"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_has_its_own_log_group_with_a_retention(stack: Stack, name: str) -> None:
    logs = stack.one("aws:cloudwatch/logGroup:LogGroup", f"{name}-logs")
    assert logs.inputs["name"] == f"/aws/lambda/{function(stack, name).inputs['name']}", "where Lambda writes"
    assert logs.inputs["retentionInDays"] == 7
    assert function(stack, name).depends_on(logs), (
        "otherwise Lambda creates one on the first call, which keeps everything"
    )


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_gets_code_and_layer(stack: Stack, name: str, layer: Path) -> None:
    made = function(stack, name)
    assert isinstance(made.inputs["code"], pulumi.FileArchive)
    assert Path(made.inputs["code"].path).is_file()
    assert made.inputs["layers"] == [arn("lambda", "layer:taskline-dev-dependencies:1")]
    dependencies = stack.one("aws:lambda/layerVersion:LayerVersion", "code-layer")
    assert Path(dependencies.inputs["code"].path) == layer, "the layer from the settings"
    assert dependencies.inputs["compatibleRuntimes"] == [made.inputs["runtime"]]
    assert dependencies.inputs["compatibleArchitectures"] == made.inputs["architectures"]


def test_all_functions_share_one_archive(stack: Stack) -> None:
    assert len({one.inputs["code"].path for one in stack.all(FUNCTION)}) == 1


@pytest.mark.parametrize(
    ("name", "own"),
    [
        (
            "validator",
            {
                "TABLE_NAME": "taskline-dev-tasks",
                "QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/111122223333/taskline-dev-tasks.fifo",
                "ACCEPT_MILLISECONDS": "1000",
                "TENANCY": "isolated",
                "DEFAULT_ORDERING": "one-key",
                "ID_SECRET": "the first value of id-secret-parameter",
            },
        ),
        (
            "reader",
            {
                "TABLE_NAME": "taskline-dev-tasks",
                "COUNTS_TABLE_NAME": "taskline-dev-counts",
                "COUNT_DELAY_SECONDS": "1",
                "TENANCY": "isolated",
            },
        ),
        ("counter", {"COUNTS_TABLE_NAME": "taskline-dev-counts"}),
        ("workers", {"TABLE_NAME": "taskline-dev-tasks", "TENANCY": "isolated"}),
        (
            "keys",
            {
                "GATES_TABLE_NAME": "taskline-dev-gates",
                "TABLE_NAME": "taskline-dev-tasks",
                "RETENTION_SECONDS": str(168 * 3600),
            },
        ),
        (
            "gatekeeper",
            {
                "CANCEL_GRACE_SECONDS": "60",
                "GATES_TABLE_NAME": "taskline-dev-gates",
                "LONG_MACHINE_ARN": arn("states", "stateMachine:taskline-dev-long-workflow"),
                "RETENTION_SECONDS": str(168 * 3600),
                "TABLE_NAME": "taskline-dev-tasks",
                "QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/111122223333/taskline-dev-tasks.fifo",
            },
        ),
        (
            "canceller",
            {"TABLE_NAME": "taskline-dev-tasks", "RETENTION_SECONDS": str(168 * 3600), "TENANCY": "isolated"},
        ),
        (
            "redrive",
            {
                "TABLE_NAME": "taskline-dev-tasks",
                "QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/111122223333/taskline-dev-tasks.fifo",
                "DEAD_LETTER_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/111122223333/taskline-dev-dead-letters.fifo",
                "FRESH_SECONDS": str((168 - 96) * 3600),
            },
        ),
        (
            "documents",
            {
                "ACCESS": '{"api_key": true, "client_iam": false, "client_jwt": false, "operator_iam": true}',
                "DEFAULT_ORDERING": "one-key",
            },
        ),
        ("processor", {"START_SECONDS": "5"}),
        (
            "events",
            {
                "TOPIC_ARN": arn("sns", "taskline-dev-task-events"),
                "FAILURES_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/111122223333/taskline-dev-event-failures",
            },
        ),
        (
            "monitor",
            {
                "PATTERNS_TABLE_NAME": "taskline-dev-failure-patterns",
                "ALERTS_TOPIC_ARN": arn("sns", "taskline-dev-alerts"),
                "WINDOW_SECONDS": "300",
                "ALERT_THRESHOLD": "1",
            },
        ),
        (
            "breaker",
            {
                "BREAKER_TABLE_NAME": "taskline-dev-breaker",
                "BREAKER_ID": "taskline-dev-tasks-pipe",
                "PIPE_NAME": "taskline-dev-tasks-pipe",
                "PROCESSOR_SERVICE": "processor",
                "FAILURE_PERCENT": "50",
                "MINIMUM_ATTEMPTS": "20",
                "PERIOD_SECONDS": "60",
                "COOL_DOWN_SECONDS": "60",
                "PROBE_SECONDS": "60",
            },
        ),
    ],
)
def test_a_function_has_the_variables_that_it_needs_and_no_others(
    stack: Stack, name: str, own: dict[str, str]
) -> None:
    assert function(stack, name).inputs["environment"]["variables"] == own | {
        "POWERTOOLS_SERVICE_NAME": name,
        "POWERTOOLS_METRICS_NAMESPACE": "taskline-dev",
        "POWERTOOLS_LOG_LEVEL": "DEBUG",
        "PYDANTIC_DISABLE_PLUGINS": "__all__",
    }


def test_a_handler_reads_all_variables_of_its_function_and_no_others(stack: Stack) -> None:
    for name in set(FUNCTIONS) - {"processor"}:  # which has less than that of a pool whose types take long
        source = Path(str(importlib.import_module(f"functions.{name.partition('-')[0]}").__file__)).read_text()
        given = function(stack, name).inputs["environment"]["variables"]
        for variable in VARIABLES:
            assert (f'os.environ["{variable}"]' in source) == (variable in given), f"{name}: {variable}"


@pytest.mark.parametrize("name", ["validator", "reader", "canceller", "redrive", "documents", "breaker"])
def test_a_function_behind_the_api_times_out_before_the_gateway(stack: Stack, name: str) -> None:
    assert function(stack, name).inputs["timeout"] < 29


def test_tasks_can_be_shared(layer: Path) -> None:
    shared = run("prod", layer, tenancy="shared")
    given = {name: function(shared, name).inputs["environment"]["variables"].get("TENANCY") for name in FUNCTIONS}
    assert {name for name, tenancy in given.items() if tenancy == "shared"} == {
        *("validator", "reader", "canceller", "workers")
    }


def test_how_long_a_cancelled_task_has_to_stop_can_be_set(layer: Path) -> None:
    keeper = function(run("dev", layer, cancelGraceSeconds=300), "gatekeeper")
    assert keeper.inputs["environment"]["variables"]["CANCEL_GRACE_SECONDS"] == "300"


def test_memory_log_level_and_retention_can_be_set(layer: Path) -> None:
    changed = run(
        "dev",
        layer,
        apiMemoryMegabytes=256,
        validatorMemoryMegabytes=384,
        processorMemoryMegabytes=2048,
        logLevel="ERROR",
        logRetentionDays=90,
    )
    memory = {one.name: one.inputs["memorySize"] for one in changed.all(FUNCTION)}
    assert memory == {
        "validator-function": 384,
        "reader-function": 256,
        "canceller-function": 256,
        "redrive-function": 256,
        "documents-function": 256,
        "processor-function": 2048,
        "processor-long-function": 2048,
        "workers-function": 256,
        "events-function": 256,
        "counter-function": 256,
        "keys-function": 256,
        "gatekeeper-function": 256,
        "monitor-function": 256,
        "breaker-function": 256,
    }
    for one in changed.all(FUNCTION):
        assert one.inputs["environment"]["variables"]["POWERTOOLS_LOG_LEVEL"] == "ERROR"
    assert {one.inputs["retentionInDays"] for one in changed.all("aws:cloudwatch/logGroup:LogGroup")} == {90}


def test_a_new_type_is_accepted_when_it_can_be_processed(stack: Stack) -> None:
    """Callers get the new validator after machine and processor: it may accept what the old ones do not know."""
    accepting = stack.one("aws:lambda/alias:Alias", "validator-live")
    assert accepting.depends_on(stack.one("aws:lambda/alias:Alias", "processor-live"))
    assert accepting.depends_on(stack.one("aws:sfn/stateMachine:StateMachine", "workflow-machine"))


def test_task_types_that_cannot_be_loaded_stop_a_deployment_and_not_the_laptop(
    layer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their retry policies decide on the times, so without them the times would be wrong."""
    registry = load_task_types()
    monkeypatch.setitem(registry.broken, "functions.task_types.invoice", "ModuleNotFoundError: httpx")
    with pytest.raises(
        SettingsError, match=r"functions\.task_types\.invoice cannot be loaded: .*httpx.*module="
    ) as caught:
        run("dev", layer)
    assert "task_type" in str(caught.value)
    assert run("dev", layer, into=Recording(account=EMULATED_ACCOUNT)).all(FUNCTION)


@pytest.mark.parametrize(("level", "lets_through"), [("DEBUG", "DEBUG"), ("INFO", "INFO"), ("ERROR", "INFO")])
def test_lambda_adds_no_lines_of_its_own_and_holds_back_no_metrics(layer: Path, level: str, lets_through: str) -> None:
    """Lines of metrics have no level, and count as INFO."""
    for function in run("dev", layer, logLevel=level).all("aws:lambda/function:Function"):
        assert function.inputs["loggingConfig"] == {
            "logFormat": "JSON",
            "applicationLogLevel": lets_through,
            "systemLogLevel": "WARN",
        }
