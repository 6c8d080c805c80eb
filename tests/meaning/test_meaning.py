"""Every resource of every stage means something: the provider takes its inputs, the services take its requests."""

import pytest

from tests.infrastructure.stages import STAGES, evaluated, every_resource
from tests.meaning import provider, service
from tests.meaning.calls import CALLS, NOT_SENT
from tests.meaning.translation import complaints

pytestmark = pytest.mark.check


@pytest.mark.parametrize("stage", [*STAGES, "everything"])
def test_provider_and_service_accept_every_resource(stage: str) -> None:
    resources = [one for one in evaluated(stage) if one.custom]
    assert len(resources) > 100
    assert {one.name: found for one in resources if (found := complaints(one))} == {}


def test_the_table_of_calls_has_no_row_that_nothing_uses() -> None:
    used = {(one.type, name) for one in every_resource().values() for name in one.inputs}
    rows = {(kind, name) for kind, calls in CALLS.items() for call in calls for name in call.members}
    assert rows | NOT_SENT.keys() == used


def test_every_call_is_one_that_the_service_has() -> None:
    for calls in CALLS.values():
        for call in calls:
            assert service.operation(call.service, call.operation).input_shape is not None


@pytest.mark.parametrize("optional", ["aws:wafv2/webAcl:WebAcl", "aws:wafv2/webAclAssociation:WebAclAssociation"])
def test_the_stage_with_everything_has_what_no_shipped_stage_has(optional: str) -> None:
    assert evaluated("everything").all(optional)
    assert optional not in {one.type for stage in STAGES for one in evaluated(stage)}


def test_the_sdk_says_what_is_required_nested_and_deprecated() -> None:
    table = evaluated("dev").one("aws:dynamodb/table:Table", "tasks-table")
    index = provider.properties(provider.args_of(table.type))["globalSecondaryIndexes"].nested
    assert index is not None
    known = provider.properties(index)
    assert [name for name, one in known.items() if one.required] == ["name", "projectionType"]
    assert {name for name, one in known.items() if one.deprecated} == {"hashKey", "rangeKey"}
    assert known["keySchemas"].is_list
