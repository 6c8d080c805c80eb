"""The state machine's role, computed from its definition: enough for every path through it, and no more."""

import contextlib
import json
from collections.abc import Generator
from typing import Any

import pytest

from infrastructure.blocks.location import Location
from infrastructure.pipeline.machine_policy import machine_statements
from tests.workflow.engines import Execution
from tests.workflow.machine import Bench
from tests.workflow.scenarios import SCENARIOS, Scenario, path

pytestmark = [pytest.mark.check, pytest.mark.nightly]

Permission = tuple[str, str]
# A variant of the definition would get a role of its own.
UNDER_THE_ROLE = [scenario for scenario in SCENARIOS if scenario.broken is None]
# Log delivery and tracing: used by AWS itself, and by nothing on the laptop.
USED_BY_AWS_ALONE = {"DeliverExecutionLogs", "TraceExecutions"}


@pytest.fixture(scope="module")
def played(bench: Bench) -> dict[str, Execution]:
    """How each scenario ends under the unchanged role."""
    return {scenario.name: scenario.play(bench) for scenario in UNDER_THE_ROLE}


@pytest.fixture(scope="module")
def usual(played: dict[str, Execution]) -> dict[str, str]:
    """The path of each scenario."""
    return {name: path(execution) for name, execution in played.items()}


@pytest.fixture(scope="module")
def used(bench: Bench, location: Location, played: dict[str, Execution]) -> dict[str, set[Permission]]:
    """The permissions of the states that called a service in each scenario."""
    states = bench.definition["States"]
    of_state = {name: permissions({"States": {name: state}}, location) for name, state in states.items()}
    return {name: set().union(*map(of_state.__getitem__, execution.callers)) for name, execution in played.items()}


def permissions(definition: dict[str, Any], location: Location) -> set[Permission]:
    """All pairs of action and resource that a definition requires."""
    statements = machine_statements(definition, location)
    return {(action, statement["Resource"]) for statement in statements for action in statement["Action"]}


def policy(bench: Bench) -> tuple[str, dict[str, Any]]:
    """The name and the document of the role's one policy."""
    iam: Any = bench.clients.iam
    (name,) = iam.list_role_policies(RoleName=bench.role)["PolicyNames"]
    return name, iam.get_role_policy(RoleName=bench.role, PolicyName=name)["PolicyDocument"]


@contextlib.contextmanager
def without(bench: Bench, permission: Permission) -> Generator[None]:
    """Remove one action on one resource, and nothing else, from the role for a while."""
    name, document = policy(bench)
    kept = [statement for statement in document["Statement"] if not grants(statement, permission)]
    assert len(kept) == len(document["Statement"]) - 1, "each permission is granted once"
    iam = bench.clients.iam
    iam.put_role_policy(
        RoleName=bench.role, PolicyName=name, PolicyDocument=json.dumps({**document, "Statement": kept})
    )
    try:
        yield
    finally:
        iam.put_role_policy(RoleName=bench.role, PolicyName=name, PolicyDocument=json.dumps(document))


def grants(statement: dict[str, Any], permission: Permission) -> bool:
    """Whether the statement is the one that grants the permission."""
    action, resource = permission
    return action in statement["Action"] and statement["Resource"] == resource


def test_the_deployed_role_grants_what_the_definition_requires_and_what_aws_needs(
    bench: Bench, location: Location
) -> None:
    _, document = policy(bench)
    computed = machine_statements(bench.definition, location)
    rest = [statement for statement in document["Statement"] if statement not in computed]
    assert all(statement in document["Statement"] for statement in computed)
    assert {statement["Sid"] for statement in rest} == USED_BY_AWS_ALONE


def test_every_permission_is_used_by_some_path_through_the_machine(
    bench: Bench, location: Location, used: dict[str, set[Permission]]
) -> None:
    required = permissions(bench.definition, location)
    assert required == set().union(*used.values()), "a permission is unused, or a call is not permitted"


@pytest.mark.nightly
def test_without_any_one_permission_exactly_the_paths_that_use_it_fail(
    bench: Bench, location: Location, usual: dict[str, str], used: dict[str, set[Permission]]
) -> None:
    for permission in permissions(bench.definition, location):
        with without(bench, permission):
            changed = {scenario.name for scenario in UNDER_THE_ROLE if differs(scenario, bench, usual)}
        expected = {name for name, ones in used.items() if permission in ones}
        assert changed == expected, permission
        assert changed, "no path needs this permission"


@pytest.mark.nightly
def test_with_its_permissions_back_every_path_is_as_before(bench: Bench, usual: dict[str, str]) -> None:
    assert {scenario.name: path(scenario.play(bench)) for scenario in UNDER_THE_ROLE} == usual


def differs(scenario: Scenario, bench: Bench, usual: dict[str, str]) -> bool:
    """Whether the scenario takes another path than usual."""
    return path(scenario.play(bench)) != usual[scenario.name]
