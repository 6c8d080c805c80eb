"""What a package of task types declares becomes infrastructure: its pool gets it, and nothing else does."""

import json
import zipfile
from collections.abc import Callable
from typing import Any

from asl import Machine
from asl.jsonata import compile_expression
from tests.infrastructure.recording import ACCOUNT, REGION, Stack, live

FUNCTION, POLICY = "aws:lambda/function:Function", "aws:iam/rolePolicy:RolePolicy"
Evaluated = Callable[..., Stack]


def statements(stack: Stack, function: str) -> dict[str, Any]:
    """What the role of a function allows, by the statements' ids."""
    return {one["Sid"]: one for one in stack.one(POLICY, f"{function}-policy").json("policy")["Statement"]}


def test_a_pool_is_a_function_with_its_own_role_time_memory_and_packages(evaluated: Evaluated) -> None:
    stack = evaluated()
    pool, default = (stack.one(FUNCTION, f"{name}-function").inputs for name in ("processor-rendering", "processor"))
    assert (pool["timeout"], pool["memorySize"]) == (3, 1024)
    assert pool["handler"] == default["handler"] == "functions.processor.handler"
    assert pool["role"] != default["role"]
    layers = {name: one["layers"] for name, one in (("pool", pool), ("default", default))}
    assert layers["pool"] != layers["default"]
    own = stack.one("aws:lambda/layerVersion:LayerVersion", "processor-rendering-layer").inputs
    assert own["layerName"] == "taskline-dev-dependencies-rendering"


def test_the_role_of_a_pool_allows_what_its_types_declare(evaluated: Evaluated) -> None:
    stack = evaluated()
    pool, default = statements(stack, "processor-rendering"), statements(stack, "processor")
    assert pool.keys() - default.keys() == {"ForInvoiceRenderUse1", "ReadSecrets"}
    assert pool["ForInvoiceRenderUse1"]["Action"] == ["s3:PutObject"]
    assert pool["ForInvoiceRenderUse1"]["Resource"] == "arn:aws:s3:::acme-invoices/*"
    assert pool["ReadSecrets"]["Action"] == ["ssm:GetParameter"]
    parameter = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/taskline-dev/secrets/fonts-api"
    assert pool["ReadSecrets"]["Resource"] == [parameter]


def test_only_the_pool_gets_the_environment_of_its_types(evaluated: Evaluated) -> None:
    stack = evaluated()
    variables = {one.name: one.inputs["environment"]["variables"] for one in stack.all(FUNCTION)}
    have = {name for name, values in variables.items() if "INVOICE_BUCKET" in values}
    assert (
        have
        == {name for name, values in variables.items() if "SECRETS_PATH" in values}
        == {"processor-rendering-function"}
    )
    assert variables["processor-rendering-function"]["INVOICE_BUCKET"] == "acme-invoices"
    assert all(values["TASK_TYPE_MODULES"] == "acme_tasks.types" for values in variables.values())


def test_the_value_of_a_secret_is_nowhere_in_the_stack(evaluated: Evaluated) -> None:
    """The program does not know it: it asks for names only."""
    stack = evaluated()
    assert "aws:ssm/getParametersByPath:getParametersByPath" in stack.calls
    names_it = {one.name for one in stack if "fonts-api" in json.dumps(one.inputs, default=str) and one.type != POLICY}
    assert names_it == {"outputs-task_types"}, "which says what each type needs, by name"


def test_the_state_machine_finds_the_pool_by_the_type_of_the_task(evaluated: Evaluated) -> None:
    definition = evaluated().one("aws:sfn/stateMachine:StateMachine", "workflow-machine").json("definition")
    Machine.load(definition)
    text: str = definition["States"]["ProcessTask"]["Arguments"]["FunctionName"]
    found = compile_expression(text.removeprefix("{%").removesuffix("%}"))

    def chosen(body: str) -> object:
        states = {"context": {"Execution": {"Input": [{"body": body}]}}}
        return found.with_bindings({"states": states})

    assert chosen('{"type": "invoice.render"}') == live("taskline-dev-processor-rendering")
    for body in ('{"type": "demo.echo"}', "{}", '{"type": 5}', '{"type": null}', '{"type": ["invoice.render"]}'):
        assert chosen(body) == live("taskline-dev-processor"), body


def test_the_state_machine_may_invoke_each_pool_and_nothing_else(evaluated: Evaluated) -> None:
    may = statements(evaluated(), "workflow")["ForProcessTask"]
    assert may["Resource"] == [live("taskline-dev-processor"), live("taskline-dev-processor-rendering")]


def test_the_api_changes_after_all_pools(evaluated: Evaluated) -> None:
    """A new type is accepted when it can be processed."""
    stack = evaluated()
    validator = stack.one("aws:lambda/alias:Alias", "validator-live")
    for pool in ("processor", "processor-rendering"):
        assert validator.depends_on(stack.one("aws:lambda/alias:Alias", f"{pool}-live"))


def test_each_pool_has_its_alarms_and_counts_for_the_one_breaker(evaluated: Evaluated) -> None:
    stack = evaluated()
    alarms = {one.name for one in stack.all("aws:cloudwatch/metricAlarm:MetricAlarm")}
    assert {"processor-rendering-errors-alarm", "processor-rendering-throttles-alarm"} <= alarms
    services = {
        one.inputs["environment"]["variables"]["POWERTOOLS_SERVICE_NAME"]
        for one in stack.all(FUNCTION)
        if "processor" in one.name
    }
    assert services == {"processor"}


def test_the_package_is_in_the_archive_of_all_functions(evaluated: Evaluated) -> None:
    with zipfile.ZipFile(evaluated().one(FUNCTION, "validator-function").inputs["code"].path) as archive:
        assert {"acme_tasks/types.py", "acme_tasks/rendering.py", "functions/validator.py"} <= {*archive.namelist()}


def test_without_pools_the_state_machine_names_its_one_function(stack: Stack) -> None:
    definition = stack.one("aws:sfn/stateMachine:StateMachine", "workflow-machine").json("definition")
    assert definition["States"]["ProcessTask"]["Arguments"]["FunctionName"] == live("taskline-dev-processor")
