"""Machines in the style in which AWS publishes them, with moto's DynamoDB and SQS."""

import json
import time
from typing import Any

import pytest

from asl.testing.moto import SyncExecutions, Taking
from tests.asl.testing.machines import client, create, shipped, start

ORDER = {"id": "o-1", "items": [{"sku": "pen", "quantity": 2}, {"sku": "ink", "quantity": 1}]}


class OutOfStock(Exception):
    """There is not enough of it."""


class WarehouseBusy(Exception):
    """Try again."""


class ServiceUnavailable(Exception):
    """Try again."""


@pytest.fixture
def queue(express: SyncExecutions) -> str:
    return client("sqs").create_queue(QueueName="buyers")["QueueUrl"]


@pytest.fixture
def orders(express: SyncExecutions, queue: str) -> str:
    """The order machine, with functions that do as they are asked."""
    express.functions |= {
        "reserve-stock": lambda event, context: {"price": event["quantity"] * 10},
        "charge-customer": lambda event, context: Taking(2, {"charged": event["amount"]}),
        "book-delivery:live": lambda event, context: {"booked": event["order"]},
    }
    return create(shipped("order_fan_out", QueueUrl=queue), name="orders")


@pytest.fixture
def circuits(express: SyncExecutions) -> str:
    """The circuit breaker, with its table."""
    client("dynamodb").create_table(
        TableName="circuits",
        KeySchema=[{"AttributeName": "service", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "service", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return create(shipped("circuit_breaker"), name="circuits")


def calling(arn: str) -> dict[str, Any]:
    return start(arn, {"service": "prices", "payload": {"sku": "pen"}})


def record(**attributes: dict[str, str]) -> None:
    client("dynamodb").put_item(TableName="circuits", Item={"service": {"S": "prices"}, **attributes})


def open_until() -> float:
    """When the circuit may close again, in epoch seconds; 0 if it is closed."""
    found = client("dynamodb").get_item(TableName="circuits", Key={"service": {"S": "prices"}})
    return int(found["Item"]["open_until"]["N"]) / 1000 if "Item" in found else 0


def test_an_order_is_reserved_line_by_line_and_fulfilled_in_parallel(express: SyncExecutions, orders: str) -> None:
    response = start(orders, ORDER)
    assert json.loads(response["output"]) == {
        "status": "FULFILLED",
        "payment": {"charged": 30},
        "delivery": {"booked": "o-1"},
    }
    assert express.last.seconds == 60, "both branches wait at the same time, and neither really"
    assert express.last.states.count("Reserve stock") == 2


def test_a_busy_warehouse_is_asked_again_for_that_line_alone(express: SyncExecutions, orders: str) -> None:
    asked: list[int] = []

    def reserve(event: Any, context: Any) -> Any:
        asked.append(event["line"])
        if asked.count(2) in (1, 2) and event["line"] == 2:
            raise WarehouseBusy
        return {"price": 1}

    express.functions["reserve-stock"] = reserve
    assert json.loads(start(orders, ORDER)["output"])["payment"] == {"charged": 2}
    assert sorted(asked) == [1, 2, 2, 2]
    assert express.last.seconds == 1 + 2 + 60


def test_a_missing_item_is_told_to_the_buyer_through_the_queue_of_moto(
    express: SyncExecutions, orders: str, queue: str
) -> None:
    def reserve(event: Any, context: Any) -> Any:
        if event["sku"] == "ink":
            raise OutOfStock(event["sku"])
        return {"price": 1}

    express.functions["reserve-stock"] = reserve
    output = json.loads(start(orders, ORDER)["output"])
    (message,) = client("sqs").receive_message(QueueUrl=queue)["Messages"]
    assert json.loads(message["Body"]) == {"order": "o-1", "missing": [2]}
    assert output == {"status": "BACKORDERED", "message": message["MessageId"]}


def test_an_empty_order_is_rejected(express: SyncExecutions, orders: str) -> None:
    response = start(orders, {"id": "o-2", "items": []})
    assert (response["error"], response["cause"]) == ("EmptyOrder", "order o-2 has no items")
    assert express.last.states == ["Is the order empty?", "Reject order"]


def test_a_closed_circuit_lets_the_call_through(express: SyncExecutions, circuits: str) -> None:
    express.functions["prices"] = lambda event, context: {event["sku"]: 7}
    assert calling(circuits)["output"] == '{"pen":7}'
    assert open_until() == 0


def test_a_service_that_stays_away_opens_the_circuit(express: SyncExecutions, circuits: str) -> None:
    tries: list[Any] = []

    def prices(event: Any, context: Any) -> None:
        tries.append(event)
        raise ServiceUnavailable

    express.functions["prices"] = prices
    first, second = calling(circuits), calling(circuits)
    assert (first["error"], first["cause"]) == ("ServiceUnavailable", "the circuit is open now")
    assert (second["error"], second["cause"]) == ("CircuitOpen", "prices failed lately")
    assert len(tries) == 4, "the second execution does not call"
    assert express.executions[0].seconds == 2 + 4 + 8
    assert 60 < open_until() - time.time() < 60 + 15, "the machine's clock is 14 s ahead of moto's"


def test_a_service_that_does_not_answer_times_out(express: SyncExecutions, circuits: str) -> None:
    express.functions["prices"] = lambda event, context: Taking(11, {})
    assert calling(circuits)["error"] == "States.Timeout"
    assert express.last.seconds == 4 * 10 + 2 + 4 + 8


def test_a_condition_that_fails_is_caught_by_the_name_that_aws_gives_it(
    express: SyncExecutions, circuits: str
) -> None:
    def prices(event: Any, context: Any) -> None:
        record(open_until={"N": str(int(time.time() * 1000) + 3_600_000)})  # another execution was faster
        raise KeyError

    express.functions["prices"] = prices
    response = calling(circuits)
    assert (response["error"], response["cause"]) == ("KeyError", "another execution opened the circuit")
    assert "Opened by another" in express.last.states
