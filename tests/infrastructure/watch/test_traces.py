"""What X-Ray traces: the share that the stage says, of everything that belongs to it."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from infrastructure.settings.checks import SettingsError
from infrastructure.watch.traces import MAX_NAME_CHARACTERS, rule_name
from tests.infrastructure.recording import Stack, run
from tests.infrastructure.stages import STAGES, evaluated

RULE = "aws:xray/samplingRule:SamplingRule"
TRACED = ("aws:lambda/function:Function", "aws:sfn/stateMachine:StateMachine", "aws:apigateway/restApi:RestApi")


@pytest.mark.parametrize("stage", STAGES)
def test_the_rule_is_about_all_that_is_traced_and_about_no_other_stage(stage: str) -> None:
    stack = evaluated(stage)
    pattern = stack.one(RULE, "traces-rule").inputs["serviceName"]
    for of_type in TRACED:
        for one in stack.all(of_type):
            assert fnmatchcase(one.inputs["name"], pattern), one.name
    assert not fnmatchcase("taskline-other-validator", pattern)


@pytest.mark.parametrize(("stage", "share"), [("dev", 0.05), ("prod", 0.002)])
def test_a_share_is_traced_and_no_first_one_of_each_second(stage: str, share: float) -> None:
    rule = evaluated(stage).one(RULE, "traces-rule").inputs
    assert (rule["fixedRate"], rule["reservoirSize"]) == (share, 0)


@pytest.mark.parametrize("share", ["", "2", "1.5", "-0.1", "5 %"])
def test_what_is_no_share_is_rejected(layer: Path, share: str) -> None:
    with pytest.raises(SettingsError, match=r"taskline:traceSampling is .*; allowed: 0 to 1"):
        run("dev", layer, traceSampling=share)


def test_a_long_stack_name_still_gives_the_rule_a_name_of_its_own() -> None:
    one, other = (rule_name(f"taskline-{'x' * 35}-{end}") for end in "ab")
    assert len(one) == len(other) == MAX_NAME_CHARACTERS
    assert one != other


def test_every_function_is_traced_as_the_rule_says(stack: Stack) -> None:
    for function in stack.all("aws:lambda/function:Function"):
        assert function.inputs["tracingConfig"] == {"mode": "Active"}, function.name
