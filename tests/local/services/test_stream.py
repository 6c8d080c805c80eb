"""An event source mapping on a stream: in order, nothing skipped, and no poisoned record blocks the others."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from local.services.lambdas.model import Invocation, InvocationRefused
from local.services.streams.runner import LambdaFunction
from local.services.streams.stream import (
    FIRST_PAUSE_SECONDS,
    IDLE_SECONDS,
    FunctionFailed,
    MappingSettings,
    Record,
    StreamWorker,
)

NOW = 1_000_000.0


def a_record(number: int, age: float = 0.0) -> dict[str, Any]:
    return {"dynamodb": {"SequenceNumber": str(number), "ApproximateCreationDateTime": NOW - age}}


def numbers(records: list[Record]) -> list[int]:
    return [int(record["dynamodb"]["SequenceNumber"]) for record in records]


@dataclass
class FakeFunction:
    """`response` receives the numbers of the batch."""

    response: Callable[[list[int]], object] = lambda batch: None
    calls: list[list[int]] = field(default_factory=list[list[int]])

    def invoke(self, records: list[Record]) -> object:
        self.calls.append(numbers(records))
        return self.response(self.calls[-1])


@dataclass
class FakeDestination:
    records: list[tuple[list[int], str]] = field(default_factory=list[tuple[list[int], str]])

    def record(self, records: list[Record], condition: str, invocations: int) -> None:
        self.records.append((numbers(records), condition))


def worker(function: FakeFunction, destination: FakeDestination | None = None, **changes: Any) -> StreamWorker:
    rules: dict[str, Any] = {"batch_size": 10, "reports_failures": True, "bisects": True}
    rules |= {"max_retries": -1, "max_age_seconds": -1}
    return StreamWorker(MappingSettings(**rules | changes), function, destination or FakeDestination(), lambda: NOW)


def run(one: StreamWorker, count: int, steps: int = 100) -> None:
    one.add(a_record(number) for number in range(count))
    for _ in range(steps):
        if one.step() == IDLE_SECONDS and not one.waiting:
            return


def failing_at(*poison: int) -> Callable[[list[int]], object]:
    """Reports the first poisoned record of a batch."""

    def response(batch: list[int]) -> object:
        found = [number for number in batch if number in poison]
        return {"batchItemFailures": [{"itemIdentifier": str(found[0])}]} if found else {"batchItemFailures": []}

    return response


def crashing_at(*poison: int) -> Callable[[list[int]], object]:
    def response(batch: list[int]) -> object:
        if set(batch) & set(poison):
            raise FunctionFailed("crashed")
        return None

    return response


def test_batches_come_in_order_and_within_the_batch_size() -> None:
    function = FakeFunction()
    run(worker(function), 25)
    assert [len(call) for call in function.calls] == [10, 10, 5]
    assert [number for call in function.calls for number in call] == list(range(25))


def test_after_a_reported_failure_the_batch_continues_from_there() -> None:
    function = FakeFunction()
    function.response = lambda batch: failing_at(3)(batch) if len(function.calls) < 3 else None
    run(worker(function), 5)
    assert function.calls == [[0, 1, 2, 3, 4], [3, 4], [3, 4]], "records before it are done, records after it wait"


def test_the_first_reported_record_decides() -> None:
    function = FakeFunction()
    both = {"batchItemFailures": [{"itemIdentifier": "4"}, {"itemIdentifier": "2"}]}
    function.response = lambda batch: both if len(function.calls) == 1 else None
    run(worker(function), 5)
    assert function.calls[1] == [2, 3, 4]


@pytest.mark.parametrize("identifier", ["99", "", None])
def test_an_unknown_identifier_fails_the_whole_batch(identifier: object) -> None:
    function = FakeFunction()
    wrong = {"batchItemFailures": [{"itemIdentifier": identifier}]}
    function.response = lambda batch: wrong if len(function.calls) == 1 else None
    run(worker(function, bisects=False), 3)
    assert function.calls == [[0, 1, 2], [0, 1, 2]]


def test_reported_failures_are_ignored_unless_the_mapping_expects_them() -> None:
    function = FakeFunction(failing_at(1))
    run(worker(function, reports_failures=False), 3)
    assert function.calls == [[0, 1, 2]]


def test_a_crashing_record_is_found_by_bisection_and_given_up_alone() -> None:
    function, destination = FakeFunction(crashing_at(5)), FakeDestination()
    run(worker(function, destination, max_retries=2), 8)
    assert destination.records == [([5], "RetryAttemptsExhausted")]
    done = [number for call in function.calls if 5 not in call for number in call]
    assert sorted(set(done)) == [0, 1, 2, 3, 4, 6, 7], "all other records are processed"
    assert function.calls.count([5]) == 3, "once, and two retries"


def test_without_bisection_the_whole_batch_is_given_up() -> None:
    function, destination = FakeFunction(crashing_at(1)), FakeDestination()
    run(worker(function, destination, bisects=False, max_retries=1), 3)
    assert destination.records == [([0, 1, 2], "RetryAttemptsExhausted")]
    assert len(function.calls) == 2


def test_a_record_that_is_reported_too_often_is_given_up_with_the_rest_of_its_batch() -> None:
    """Lambda's documentation leaves open whether it is given up alone; this is the worse of the two."""
    function, destination = FakeFunction(failing_at(1)), FakeDestination()
    run(worker(function, destination, max_retries=2), 12)
    assert destination.records == [([1, 2, 3, 4, 5, 6, 7, 8, 9], "RetryAttemptsExhausted")]
    assert function.calls[-1] == [10, 11]


def test_a_record_that_is_too_old_is_given_up_and_the_others_follow() -> None:
    function, destination = FakeFunction(failing_at(0)), FakeDestination()
    one = worker(function, destination, max_age_seconds=60)
    one.add([a_record(0, age=61)])
    one.add([a_record(1)])
    assert one.step() == 0.0
    assert destination.records == [([0], "MaxRecordAgeExceeded")]
    one.step()
    assert function.calls == [[0], [1]]


def test_failures_make_the_pauses_longer_up_to_a_limit() -> None:
    one = worker(FakeFunction(failing_at(0)))
    one.add([a_record(0)])
    pauses = [one.step() for _ in range(6)]
    assert pauses == [FIRST_PAUSE_SECONDS * 2**n for n in range(4)] + [1.0, 1.0]
    assert numbers(one.waiting) == [0], "the record is still there"


@dataclass
class FakeInvoker:
    """Has a fixed outcome; keeps its invocations."""

    outcome: Invocation | Exception
    calls: list[tuple[str, bytes]] = field(default_factory=list[tuple[str, bytes]])

    def invoke(self, function: str, payload: bytes) -> Invocation:
        self.calls.append((function, payload))
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


def test_a_function_is_invoked_with_the_records_and_its_result_is_read() -> None:
    invoker = FakeInvoker(Invocation(payload=b'{"batchItemFailures": []}'))
    assert LambdaFunction(invoker, "events").invoke([a_record(1)]) == {"batchItemFailures": []}
    ((name, payload),) = invoker.calls
    assert (name, json.loads(payload)) == ("events", {"Records": [a_record(1)]})
    nothing = FakeInvoker(Invocation(payload=b""))
    assert LambdaFunction(nothing, "events").invoke([a_record(1)]) is None


@pytest.mark.parametrize(
    "outcome",
    [
        Invocation(payload=b'{"errorMessage": "because"}', failed=True),
        InvocationRefused("TooManyRequestsException", "because", 429),
        OSError("because"),
    ],
)
def test_however_an_invocation_fails_the_batch_is_retried(outcome: Invocation | Exception) -> None:
    with pytest.raises(FunctionFailed, match="because"):
        LambdaFunction(FakeInvoker(outcome), "events").invoke([a_record(1)])


class AnsweringFunctions:
    """Lambda, with one function: it notes its events, and answers with the state that it is given plus one."""

    def __init__(self, *, has_state: bool = True) -> None:
        self.events: list[dict[str, Any]] = []
        self._has_state = has_state

    def invoke(self, name: str, payload: bytes) -> Invocation:
        self.events.append(json.loads(payload))
        state = {"calls": self.events[-1].get("state", {}).get("calls", 0) + 1}
        answer = {"state": state} if self._has_state else {}
        return Invocation(payload=json.dumps(answer).encode())


def at(number: int, moment: float) -> dict[str, Any]:
    return {"dynamodb": {"SequenceNumber": str(number), "ApproximateCreationDateTime": moment}}


def test_a_function_with_a_window_gets_the_shard_and_its_own_state_until_the_window_ends() -> None:
    functions = AnsweringFunctions()
    function = LambdaFunction(functions, "counter", window_seconds=60)  # pyright: ignore[reportArgumentType]
    for number, moment in enumerate((120.0, 130.0, 190.0)):
        function.invoke([at(number, moment)])
    assert [event["state"] for event in functions.events] == [{}, {"calls": 1}, {}]
    assert {event["shardId"] for event in functions.events} == {"shardId-00000000000000000000-00000000"}
    assert functions.events[0]["window"] == {"start": "1970-01-01T00:02:00Z", "end": "1970-01-01T00:03:00Z"}


def test_a_response_to_a_window_without_a_state_is_a_failure() -> None:
    function = LambdaFunction(AnsweringFunctions(has_state=False), "counter", window_seconds=60)  # pyright: ignore[reportArgumentType]
    with pytest.raises(FunctionFailed, match="state"):
        function.invoke([at(1, 120.0)])
