"""How the function that takes tasks starts: cold, kept ready, or from a snapshot."""

from pathlib import Path
from typing import Any

import pytest

from infrastructure.settings.checks import SettingsError
from tests.infrastructure.recording import Recording, Stack, run

FUNCTION = "aws:lambda/function:Function"
PROVISIONED = "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig"


def refusal(layer: Path, **config: Any) -> str:
    recording = Recording()
    with pytest.raises(SettingsError) as caught:
        run("dev", layer, into=recording, **config)
    assert recording.resources == []
    return str(caught.value)


def test_nothing_is_kept_ready_that_nobody_asked_for(stack: Stack) -> None:
    assert PROVISIONED not in {one.type for one in stack}
    assert not any(one.inputs.get("snapStart") for one in stack.all(FUNCTION))


def test_environments_are_kept_ready_for_the_alias_that_the_api_calls(layer: Path) -> None:
    stack = run("dev", layer, validatorProvisionedConcurrency=5, validatorReservedConcurrency=5)
    (made,) = stack.all(PROVISIONED)
    function, alias = "taskline-dev-validator", stack.one("aws:lambda/alias:Alias", "validator-live")
    assert made.inputs == {
        "functionName": function,
        "qualifier": alias.inputs["name"],
        "provisionedConcurrentExecutions": 5,
    }
    assert made.depends_on(alias), "a version without the alias has no callers"


def test_only_the_function_that_takes_tasks_starts_from_a_snapshot(layer: Path) -> None:
    functions = run("dev", layer, validatorSnapStart=True).all(FUNCTION)
    snapshots = {one.name: one.inputs["snapStart"] for one in functions if one.inputs.get("snapStart")}
    assert snapshots == {"validator-function": {"applyOn": "PublishedVersions"}}


def test_more_cannot_be_kept_ready_than_the_function_may_have(layer: Path) -> None:
    message = refusal(layer, validatorProvisionedConcurrency=6, validatorReservedConcurrency=5)
    assert "validatorProvisionedConcurrency is 6" in message
    assert "pulumi config set validatorProvisionedConcurrency 5" in message
    assert "pulumi config set validatorReservedConcurrency 6" in message


def test_a_snapshot_and_environments_that_are_ready_exclude_each_other(layer: Path) -> None:
    message = refusal(layer, validatorProvisionedConcurrency=1, validatorSnapStart=True)
    for key in ("validatorProvisionedConcurrency", "validatorSnapStart"):
        assert f"pulumi config rm {key}" in message
