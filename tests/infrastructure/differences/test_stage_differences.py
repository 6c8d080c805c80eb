"""What dev, staging and prod are, as a whole, and that keys of their files explain every difference between them."""

import json
import re
from functools import cache
from itertools import permutations
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.infrastructure.recording import Stack, run
from tests.infrastructure.stages import STAGES, evaluated, layer

ROOT = Path(__file__).parents[3]


class Size(NamedTuple):
    """How much there is of a stage."""

    resources: int
    roles: int
    statements: int
    alarms: int
    notifying: int


def size(stack: Stack) -> Size:
    policies = [json.loads(one.inputs["policy"]) for one in stack.all("aws:iam/rolePolicy:RolePolicy")]
    metric = stack.all("aws:cloudwatch/metricAlarm:MetricAlarm")
    alarms = [*metric, *stack.all("aws:cloudwatch/compositeAlarm:CompositeAlarm")]
    return Size(
        resources=sum(one.custom for one in stack),
        roles=len(stack.all("aws:iam/role:Role")),
        statements=sum(len(one["Statement"]) for one in policies),
        alarms=len(alarms),
        notifying=sum(bool(one.inputs.get("alarmActions")) for one in alarms),
    )


@cache
def declared() -> dict[str, Any]:
    """The keys that Pulumi.yaml declares, with their defaults."""
    keys = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    return {name.removeprefix("taskline:"): about.get("default") for name, about in keys.items() if "aws:" not in name}


@cache
def keys_of(stage: str) -> dict[str, Any]:
    """The keys in the file of a stage, with their values."""
    keys = yaml.safe_load((ROOT / f"Pulumi.{stage}.yaml").read_text())["config"]
    return {name.removeprefix("taskline:"): value for name, value in keys.items() if name.startswith("taskline:")}


def content(stack: Stack, stage: str) -> dict[str, str]:
    """Every resource and output, without the name of the stage."""
    found = {f"{of} {name}": value for (of, name), value in stack.plain().items()}
    # The digest of the API's document, which names the stage; the document itself is compared.
    del found["aws:apigateway/deployment:Deployment api-deployment"]["inputs"]["triggers"]
    found |= {f"output {name}": value for name, value in stack.exports.items()}
    texts = {name: json.dumps(value, sort_keys=True, default=str) for name, value in found.items()}
    return {_anonymous(name, stage): _anonymous(text, stage) for name, text in texts.items()}


def _anonymous(text: str, stage: str) -> str:
    return re.sub(rf"\b{stage}\b", "STAGE", text)


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_sets_only_keys_that_are_declared_and_none_to_what_it_is_without(stage: str) -> None:
    for name, value in keys_of(stage).items():
        assert name in declared(), name
        assert value != declared()[name], f"Pulumi.{stage}.yaml repeats the default of {name}"


@pytest.mark.parametrize(("one", "other"), list(permutations(STAGES, 2)))
def test_a_stage_with_the_keys_of_another_is_the_other_but_for_its_name(one: str, other: str) -> None:
    """So there is no difference that no key explains: nothing in the program asks which stage it is."""
    back = {name: declared()[name] for name in keys_of(one)}
    changed = content(run(one, layer(), **back | keys_of(other)), one)
    expected = content(evaluated(other), other)
    assert changed.keys() == expected.keys()
    for name, text in expected.items():
        assert changed[name] == text, f"{name} of {other} differs from {one}'s, and no key says so"


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_has_so_much(stage: str) -> None:
    """All stages have the same parts: what is tried in dev is what runs in prod. They differ in what the parts are."""
    expected = Size(resources=213, roles=18, statements=88, alarms=48, notifying=45)
    assert size(evaluated(stage)) == expected


def test_the_stages_differ_in_these_resources() -> None:
    """In how long, how much and how many; nobody may do more in one stage than in another."""
    stages = {stage: content(evaluated(stage), stage) for stage in STAGES}
    differing = {name for name, text in stages["dev"].items() if {one[name] for one in stages.values()} != {text}}
    assert not [name for name in differing if "Policy" in name or "role:Role" in name or "Permission" in name]
    assert differing
