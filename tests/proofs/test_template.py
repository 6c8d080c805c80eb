"""cfn-lint has no objection to the state machine, which it reads as JSONata, nor to the grammar of any policy."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.infrastructure.stages import EXTREMES, evaluated
from tests.proofs.accepted import DEFINITION
from tests.proofs.findings import Finding, objections
from tests.proofs.template import findings, template

pytestmark = pytest.mark.check

MACHINE = "WorkflowMachine"
POLICY = "ValidatorPolicy"


MISTAKES: dict[str, tuple[str, Callable[[Any], None], str]] = {
    "a start that does not exist": (MACHINE, lambda one: one.update(StartAt="Nowhere"), "Missing 'Next' target"),
    "a misspelt field of a state": (MACHINE, lambda one: _claim(one).update(Retries=1), "'Retries' was unexpected"),
    "a field of JSONPath": (MACHINE, lambda one: _claim(one).update(ResultPath="$.x"), "'ResultPath' was unexpected"),
    "a type of state that does not exist": (
        MACHINE,
        lambda one: _claim(one).update(Type="Tusk"),
        "'Tusk' is not one of",
    ),
    "a resource that is no ARN": (MACHINE, lambda one: _claim(one).update(Resource="claim"), "'claim' does not match"),
    "one retrier for a list": (MACHINE, lambda one: _claim(one).update(Retry={}), "{} is not of type 'array'"),
    "a misspelt action": (POLICY, lambda one: _first(one).update(Action=["logs:CreateLogStreem"]), "createlogstreem"),
    "a misspelt part of a statement": (POLICY, lambda one: _first(one).update(Principle="*"), "'Principle' was unexp"),
    "an effect in small letters": (POLICY, lambda one: _first(one).update(Effect="allow"), "'allow' is not one of"),
    "an operator that does not exist": (POLICY, lambda one: _first(one).update(Condition={"Equalz": {}}), "'Equalz'"),
}


def _claim(definition: Any) -> Any:
    return definition["States"]["ClaimTask"]


def _first(policy: Any) -> Any:
    return policy["Statement"][0]


@pytest.fixture(scope="module")
def found_in_spoiled() -> list[Finding]:
    """One run for all mistakes, each in a resource of its own: loading cfn-lint's rules takes most of its time."""
    right, spoiled = template(evaluated("dev")), {}
    for number, (name, spoil, _) in enumerate(MISTAKES.values()):
        one = copy.deepcopy(right[name])
        spoil(one["Properties"].get("Definition") or one["Properties"].get("PolicyDocument"))
        spoiled[f"Spoiled{number}"] = one
    return findings(spoiled)


@pytest.mark.nightly
def test_cfn_lint_has_no_objection_to_any_stage() -> None:
    resources = {
        f"{stage.title()}{name}": one for stage in EXTREMES for name, one in template(evaluated(stage)).items()
    }
    assert objections(findings(resources), DEFINITION) == []


def test_the_template_has_the_definition_and_all_policies() -> None:
    resources = template(evaluated("dev"))
    assert len(resources) > 30
    assert resources[MACHINE]["Properties"]["Definition"]["QueryLanguage"] == "JSONata"


@pytest.mark.nightly
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found(found_in_spoiled: list[Finding], mistake: str) -> None:
    place = f"Spoiled{list(MISTAKES).index(mistake)}/"
    _, _, words = MISTAKES[mistake]
    assert any(words in one.says for one in found_in_spoiled if one.where.startswith(place))
