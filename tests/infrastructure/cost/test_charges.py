"""The steps in which AWS charges, and the prices."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from infrastructure.cost.declared import Declared
from infrastructure.cost.lines import UnknownVariable, access_line_bytes, platform_line_bytes
from infrastructure.cost.load import ImpossibleLoad, Load
from infrastructure.cost.prices import load_prices
from infrastructure.cost.rows import chunks, express_gigabyte_seconds
from infrastructure.cost.traces import traced
from infrastructure.cost.writes import BilledTable

KEYS = [{"attributeName": "shard", "keyType": "HASH"}]
TABLE = BilledTable(key="id", indexes=[{"name": "open", "keySchemas": KEYS, "projectionType": "KEYS_ONLY"}])


@dataclass(frozen=True)
class Rule:
    type: str = "aws:xray/samplingRule:SamplingRule"
    name: str = "rule"
    inputs: dict[str, Any] = field(default_factory=dict)


def test_prices_have_a_day_and_each_has_a_page() -> None:
    prices = load_prices()
    assert prices.region == "us-east-1"
    assert prices.as_of.year >= 2026
    assert all(price.source.startswith("https://aws.amazon.com/") for price in prices.by_name.values())


@pytest.mark.parametrize(("size", "requests"), [(0, 1), (64 * 1024, 1), (64 * 1024 + 1, 2), (192 * 1024, 3)])
def test_a_message_is_charged_for_each_64_kilobytes(size: int, requests: int) -> None:
    assert chunks(size) == requests


@pytest.mark.parametrize(
    ("definition", "seconds", "gigabyte_seconds"),
    [
        (30_000, 0.54, 0.0625 * 0.6),
        (30_000, 0.6, 0.0625 * 0.6),
        (30_000, 0.601, 0.0625 * 0.7),
        (15 << 20, 0.1, 0.0125),
    ],
)
def test_an_execution_is_charged_in_steps_of_64_megabytes_and_100_milliseconds(
    definition: int, seconds: float, gigabyte_seconds: float
) -> None:
    assert express_gigabyte_seconds(definition, 2000, seconds) == pytest.approx(gigabyte_seconds)


def test_an_entry_of_an_index_costs_to_add_and_to_remove_and_nothing_while_it_stays() -> None:
    there = {"id": {"S": "1"}, "shard": {"S": "a"}, "n": {"N": "1"}}
    gone = {"id": {"S": "1"}, "n": {"N": "2"}}
    moved = {**there, "shard": {"S": "b"}}
    assert TABLE.write(None, there).total == 2
    assert TABLE.write(there, {**there, "n": {"N": "2"}}).total == 1
    assert TABLE.write(there, gone).indexes == {"open": 1}
    assert TABLE.write(there, moved).indexes == {"open": 2}
    assert TABLE.write(gone, {**gone, "n": {"N": "3"}}).indexes == {}


def test_a_record_of_more_than_a_kilobyte_costs_two_units() -> None:
    assert TABLE.write(None, {"id": {"S": "x" * 1100}}).record == 2


def test_without_a_rule_x_ray_traces_one_request_per_second_and_a_twentieth_of_the_others() -> None:
    assert traced(Declared([]), 0.5) == 1
    assert traced(Declared([]), 21) == pytest.approx(2 / 21)


def test_a_rule_of_the_stage_decides_what_is_traced() -> None:
    rule = Rule(inputs={"reservoirSize": 0, "fixedRate": 0.01})
    assert traced(Declared([rule]), 50) == pytest.approx(0.01)


def test_lambdas_own_lines_are_written_unless_the_function_says_otherwise() -> None:
    json_lines = {"logFormat": "JSON", "systemLogLevel": "INFO"}
    assert platform_line_bytes({}) > 200
    assert platform_line_bytes({"loggingConfig": json_lines}) > 200
    assert platform_line_bytes({"loggingConfig": {**json_lines, "systemLogLevel": "WARN"}}) == 0


def test_an_access_log_is_charged_by_its_format_and_a_new_variable_is_not_guessed() -> None:
    assert access_line_bytes('{"id": "$context.requestId"}') == len('{"id": ""}') + 36
    with pytest.raises(UnknownVariable, match=r"\$context.somethingNew"):
        access_line_bytes("$context.somethingNew")


def test_a_load_has_as_few_keys_as_it_needs() -> None:
    assert Load(tasks_per_second=10, processor_milliseconds=440).keys == 5


def test_a_load_with_too_few_keys_is_refused_with_the_number_that_it_needs() -> None:
    with pytest.raises(ImpossibleLoad, match="at least 28 ordering keys"):
        Load(keys=26)


def test_a_load_without_tasks_is_refused() -> None:
    with pytest.raises(ImpossibleLoad, match="tasks_per_second is 0"):
        Load(tasks_per_second=0)
