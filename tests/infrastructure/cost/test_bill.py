"""What a stage's tasks cost: the model follows the program, and a change that makes them dearer does not go unseen."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pytest

from infrastructure.cost.bill import Bill, make_bill
from infrastructure.cost.committed import STAGES, committed, complaints
from infrastructure.cost.declared import Declared, NotDeclared
from infrastructure.cost.load import Load
from infrastructure.cost.measured import Measured
from infrastructure.cost.prices import load_prices
from operations.cost.billing import bill_of
from operations.cost.measuring import measure
from operations.cost.program import declared

pytestmark = pytest.mark.check


@dataclass(frozen=True)
class Changed:
    """A resource with other inputs."""

    type: str
    name: str
    inputs: Mapping[str, Any]


@cache
def prod() -> Declared:
    return declared("prod")


@cache
def measured() -> Measured:
    return measure(prod(), Load())


def changed(name: str, change: Callable[[dict[str, Any]], Any]) -> Declared:
    """The stage prod with one resource changed."""
    found = []
    for one in prod().resources:
        inputs = copy.copy(dict(one.inputs))
        if one.name == name:
            inputs = copy.deepcopy(inputs)
            change(inputs)
        found.append(Changed(one.type, one.name, inputs))
    return Declared(found)


def billed(stage: Declared, of: Measured | None = None) -> Bill:
    return make_bill("prod", stage, of or measured(), Load(), load_prices())


@pytest.mark.parametrize(
    "stage", [pytest.param(one, marks=[] if one == "prod" else pytest.mark.nightly) for one in STAGES]
)
def test_a_stage_costs_what_is_committed(stage: str) -> None:
    assert list(complaints(bill_of(stage), committed()[stage])) == []


def one_index_more(table: dict[str, Any]) -> None:
    keys = [{"attributeName": name, "keyType": kind} for name, kind in (("type", "HASH"), ("list_order", "RANGE"))]
    table["globalSecondaryIndexes"].append({"name": "by_type", "keySchemas": keys, "projectionType": "KEYS_ONLY"})


def text_logging(function: dict[str, Any]) -> None:
    function.pop("loggingConfig")


def twice_the_memory(function: dict[str, Any]) -> None:
    function["memorySize"] *= 2


DEARER = {
    "an index more": ("tasks-table", one_index_more, "index by_type: +0.62"),
    "an index that holds everything": (
        "tasks-table",
        lambda table: table["globalSecondaryIndexes"][-1].update(projectionType="ALL"),
        "index by_key",
    ),
    "twice the memory": ("processor-function", twice_the_memory, "MB"),
    "another architecture": ("processor-function", lambda function: function.update(architectures=["x86_64"]), "MB"),
    "a definition that needs another 64 MB": (
        "workflow-machine",
        lambda machine: machine.update(definition="x" * 15 * 1024 * 1024),
        "memory",
    ),
}


@pytest.mark.parametrize("name", DEARER)
def test_a_change_that_makes_tasks_dearer_is_found_and_named(name: str) -> None:
    resource, change, named = DEARER[name]
    (complaint,) = complaints(billed(changed(resource, change)), committed()["prod"])
    assert "more than" in complaint
    assert named in complaint
    assert "operations.cost.committing" in complaint, "the way out is named"


def test_a_change_that_makes_tasks_cheaper_is_found_so_that_it_is_kept() -> None:
    without = changed("tasks-table", lambda table: table["globalSecondaryIndexes"].pop())
    (complaint,) = complaints(billed(without), committed()["prod"])
    assert "less than" in complaint


def test_longer_log_lines_are_found() -> None:
    longer = replace(measured(), line_bytes={name: size + 400 for name, size in measured().line_bytes.items()})
    (complaint,) = complaints(billed(prod(), longer), committed()["prod"])
    assert "logs, validator: +0.20" in complaint


@pytest.mark.nightly
def test_smaller_batches_of_the_stream_are_found_by_measuring_again() -> None:
    one_by_one = changed("events-mapping", lambda mapping: mapping.update(batchSize=1))
    bill = billed(one_by_one, measure(one_by_one, Load()))
    (complaint,) = complaints(bill, committed()["prod"])
    assert "events, publications" in complaint


def test_lambdas_own_lines_are_charged_where_they_are_written() -> None:
    (before,) = [row for row in billed(prod()).rows if (row.group, row.name) == ("logs", "processor")]
    stage = changed("processor-function", text_logging)
    (after,) = [row for row in billed(stage).rows if (row.group, row.name) == ("logs", "processor")]
    assert after.quantity - before.quantity > 200 * 1_000_000


def test_an_alarm_more_costs_more_in_a_month() -> None:
    alarms = [one for one in prod().resources if one.type.endswith(":MetricAlarm")]
    more = Declared([*prod().resources, *alarms])
    (complaint,) = complaints(billed(more), committed()["prod"])
    assert "a month" in complaint


def test_a_resource_that_the_model_counts_on_has_to_exist() -> None:
    rest = [one for one in prod().resources if one.name != "events-mapping"]
    with pytest.raises(NotDeclared, match="events-mapping"):
        Declared(rest).following("events")


def test_every_task_that_waits_in_the_stream_is_counted_and_published_once() -> None:
    """Three writes of a task are three events, ten to a publication at most."""
    followed = measured().followers["events"]
    assert followed.tasks * 3 / 10 <= followed.publications <= followed.tasks * 3


def test_the_fewer_tasks_come_the_more_each_of_them_costs() -> None:
    load = Load(tasks_per_second=1)
    slow = make_bill("prod", prod(), measure(prod(), load), load, load_prices())
    assert slow.per_million > billed(prod()).per_million


@pytest.mark.nightly
def test_more_tasks_than_are_simulated_still_have_a_bill() -> None:
    load = Load(tasks_per_second=400)
    fast = make_bill("prod", prod(), measure(prod(), load), load, load_prices())
    # It takes eight times as many keys, each with a counter of its own, and batches of the stream are full earlier.
    assert fast.per_million == pytest.approx(billed(prod()).per_million, rel=0.2)
