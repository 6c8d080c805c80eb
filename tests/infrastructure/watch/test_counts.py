"""The counter: its mapping of the table's stream, and the table of counts."""

from typing import Any

import pytest

from tests.infrastructure.recording import Resource, Stack, live
from tests.infrastructure.stages import evaluated


@pytest.fixture(scope="module")
def mapping(stack: Stack) -> Resource:
    return stack.one("aws:lambda/eventSourceMapping:EventSourceMapping", "counter-mapping")


@pytest.fixture(scope="module")
def table(stack: Stack) -> Resource:
    return stack.one("aws:dynamodb/table:Table", "counts-table")


def test_the_counter_reads_the_tables_stream_from_its_beginning(mapping: Resource) -> None:
    assert ":table/taskline-dev-tasks/stream/" in mapping.inputs["eventSourceArn"]
    assert mapping.inputs["functionName"] == live("taskline-dev-counter")
    assert mapping.inputs["startingPosition"] == "TRIM_HORIZON"


def test_lambda_names_the_shard_and_delivers_one_batch_of_it_at_a_time(mapping: Resource) -> None:
    assert mapping.inputs["tumblingWindowInSeconds"] > 0, "without a window the event has no shard"
    assert mapping.inputs.get("parallelizationFactor", 1) == 1, "several batches at once would be out of order"


def test_no_change_is_given_up_and_no_batch_is_divided(mapping: Resource) -> None:
    forbidden = (
        "maximumRetryAttempts",
        "maximumRecordAgeInSeconds",
        "bisectBatchOnFunctionError",
        "destinationConfig",
    )
    assert mapping.inputs.keys().isdisjoint(forbidden)


def test_one_transaction_takes_what_the_delay_brings(mapping: Resource) -> None:
    assert (mapping.inputs["batchSize"], mapping.inputs["maximumBatchingWindowInSeconds"]) == (2500, 1)


@pytest.mark.parametrize(
    ("property_name", "value"),
    [
        ("billingMode", "PAY_PER_REQUEST"),
        ("hashKey", "scope"),
        ("rangeKey", "name"),
        ("ttl", {"attributeName": "expires_at", "enabled": True}),
        ("pointInTimeRecovery", {"enabled": True}),
    ],
)
def test_counts_are_kept_in_a_table_with_expiry(table: Resource, property_name: str, value: Any) -> None:
    assert table.inputs[property_name] == value
    assert "streamEnabled" not in table.inputs


def test_the_counts_are_protected_as_the_tasks_are() -> None:
    prod = evaluated("prod")
    for name in ("counts-table", "tasks-table"):
        assert prod.one("aws:dynamodb/table:Table", name).inputs["deletionProtectionEnabled"] is True
