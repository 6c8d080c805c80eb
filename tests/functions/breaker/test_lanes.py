"""The breaker with several pipes, and while lanes wait for those before them."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from functions.adapters.breaker import DynamoDBBreakerStore, SQSDrain
from functions.tasks.breaker.control import BreakerStatus, Control, PipeState, change, tick
from functions.tasks.breaker.handover import EMPTY_FOR, Handover
from functions.tasks.breaker.states import Breaker, State, set_manually
from functions.tasks.breaker.view import BreakerView, view
from functions.tasks.errors import Unavailable
from tests.functions.breaker.fakes import NOON, RULES, Crashed, FakePorts

MINUTE = timedelta(minutes=1)
CLOSED = Breaker(state=State.CLOSED, since=NOON, reason="new", by="schedule")


@dataclass
class Pipe:
    """A pipe that can be busy, and crash its caller."""

    desired: str = "RUNNING"
    busy: bool = False
    call: Callable[[], None] = lambda: None

    def describe(self) -> PipeState:
        return PipeState(desired=self.desired, current=self.desired, reason="")

    def stop(self) -> bool:
        return self._switch("STOPPED")

    def start(self) -> bool:
        return self._switch("RUNNING")

    def _switch(self, state: str) -> bool:
        self.call()
        if not self.busy:
            self.desired = state
        self.call()
        return not self.busy


@dataclass
class Lanes:
    """Two old lanes and two new ones, whose change is at noon. `crashes_at` is the number of the call that crashes."""

    pipes: dict[str, Pipe] = field(
        default_factory=lambda: {name: Pipe("STOPPED" if "new" in name else "RUNNING") for name in NAMES}
    )
    store: FakePorts = field(default_factory=FakePorts)
    empty: bool = False
    drain_fails: bool = False
    now: datetime = NOON
    readings: int = 0
    crashes_at: int = 0
    calls: int = 0

    def __post_init__(self) -> None:
        for pipe in self.pipes.values():
            pipe.call = self._called

    def _called(self) -> None:
        self.calls += 1
        if self.calls == self.crashes_at:
            raise Crashed

    def is_empty(self) -> bool:
        self.readings += 1
        if self.drain_fails:
            raise Unavailable("a queue that drains did not respond")
        return self.empty

    @property
    def control(self) -> Control:
        handover = Handover(generation=2, since=NOON, pipes=frozenset({"new-1", "new-2"}), drain=self)
        return Control(
            store=self.store,
            pipes=self.pipes,
            attempts=self.store,
            rules=RULES,
            now=lambda: self.now,
            handover=handover,
        )

    def tick(self, after: timedelta) -> BreakerStatus:
        self.now = NOON + after
        return tick(self.control)

    def order(self, state: State) -> BreakerStatus:
        return change(self.control, lambda b: set_manually(b, state, reason="x", by="anna", now=self.now))

    @property
    def running(self) -> set[str]:
        return {name for name, pipe in self.pipes.items() if pipe.desired == "RUNNING"}


NAMES = ("new-1", "new-2", "old-1", "old-2")
OLD, NEW = {"old-1", "old-2"}, {"new-1", "new-2"}


def drained() -> Lanes:
    lanes = Lanes(empty=True)
    lanes.tick(MINUTE)
    lanes.tick(MINUTE + EMPTY_FOR)
    return lanes


def test_new_lanes_start_once_the_old_queues_have_been_empty_for_minutes() -> None:
    lanes = Lanes(empty=True)
    for minute in range(1, 4):
        status = lanes.tick(minute * MINUTE)
        assert (lanes.running, status.waiting, status.pipe_stopped) == (OLD, NEW, False)
    status = lanes.tick(MINUTE + EMPTY_FOR)
    assert (lanes.running, status.waiting) == (OLD | NEW, frozenset())


def test_a_message_that_turns_up_starts_the_wait_anew() -> None:
    lanes = Lanes(empty=True)
    lanes.tick(MINUTE)
    lanes.empty = False
    lanes.tick(2 * MINUTE)
    lanes.empty = True
    lanes.tick(3 * MINUTE)
    lanes.tick(MINUTE + EMPTY_FOR)
    assert lanes.running == OLD
    lanes.tick(3 * MINUTE + EMPTY_FOR)
    assert lanes.running == OLD | NEW


def test_queues_that_are_empty_before_the_change_prove_nothing() -> None:
    lanes = Lanes(empty=True)
    lanes.tick(-2 * MINUTE)
    assert lanes.readings == 0
    lanes.store.breaker = replace(lanes.store.breaker or CLOSED, empty_since=NOON - timedelta(days=1))
    lanes.tick(MINUTE)
    assert lanes.running == OLD, "a reading of an earlier change is none of this one"


def test_a_queue_that_does_not_respond_starts_nothing() -> None:
    lanes = Lanes(drain_fails=True)
    with pytest.raises(Unavailable):
        lanes.tick(MINUTE)
    assert lanes.running == OLD


def test_once_the_lanes_have_taken_over_the_old_queues_are_not_read_any_more() -> None:
    lanes = drained()
    read = lanes.readings
    lanes.empty = False
    lanes.tick(timedelta(hours=1))
    assert (lanes.readings, lanes.running) == (read, OLD | NEW)


def test_closing_the_breaker_starts_no_lane_that_waits() -> None:
    lanes = Lanes()
    lanes.order(State.OPEN)
    assert lanes.running == set()
    lanes.order(State.CLOSED)
    assert lanes.running == OLD
    lanes.tick(MINUTE)
    assert lanes.running == OLD


def test_lanes_whose_time_comes_while_the_breaker_is_open_start_when_it_is_closed() -> None:
    lanes = Lanes(empty=True)
    lanes.order(State.OPEN)
    lanes.tick(MINUTE)
    lanes.tick(MINUTE + EMPTY_FOR)
    assert lanes.running == set()
    lanes.order(State.CLOSED)
    assert lanes.running == OLD | NEW


def test_a_lane_that_waits_is_stopped_again_if_somebody_starts_it() -> None:
    lanes = Lanes()
    lanes.pipes["new-1"].desired = "RUNNING"
    status = lanes.tick(MINUTE)
    assert (lanes.running, status.breaker.held) == (OLD, frozenset())


def test_one_pipe_that_a_person_stopped_is_named_and_not_started() -> None:
    lanes = drained()
    lanes.pipes["old-2"].desired = "STOPPED"
    status = lanes.tick(timedelta(hours=1))
    assert (status.stopped, status.pipe.desired) == (("old-2",), "STOPPED")
    lanes.order(State.OPEN)
    lanes.order(State.CLOSED)
    assert lanes.running == {"old-1", *NEW}, "the breaker starts what it has stopped"


def test_a_pipe_that_is_busy_keeps_no_other_from_its_change() -> None:
    lanes = drained()
    lanes.pipes["old-1"].busy = True
    lanes.order(State.OPEN)
    assert lanes.running == {"old-1"}
    lanes.pipes["old-1"].busy = False
    lanes.tick(timedelta(hours=1))
    assert lanes.running == set()
    lanes.pipes["new-1"].busy = True
    lanes.order(State.CLOSED)
    assert lanes.running == {"new-2", *OLD}
    lanes.pipes["new-1"].busy = False
    status = lanes.tick(timedelta(hours=2))
    assert (lanes.running, status.breaker.held) == (OLD | NEW, frozenset())


@pytest.mark.parametrize("call", range(1, 9))
def test_a_crash_between_two_pipes_is_repaired_by_the_next_tick(call: int) -> None:
    lanes = drained()
    lanes.crashes_at = lanes.calls + call
    with pytest.raises(Crashed):
        lanes.order(State.OPEN)
    lanes.tick(timedelta(hours=1))
    assert lanes.running == set()
    lanes.crashes_at = lanes.calls + call
    with pytest.raises(Crashed):
        lanes.order(State.CLOSED)
    lanes.tick(timedelta(hours=2))
    assert lanes.running == OLD | NEW


def test_clients_see_each_pipe_and_which_of_them_wait() -> None:
    lanes = Lanes()
    lanes.pipes["old-2"].desired = "STOPPED"
    seen = BreakerView.model_validate(view(lanes.tick(MINUTE), RULES))
    assert [(one.name, one.waits, one.stopped) for one in seen.pipes] == [
        ("new-1", True, False),
        ("new-2", True, False),
        ("old-1", False, False),
        ("old-2", False, True),
    ]
    assert (seen.pipe.current_state, seen.pipe_stopped) == ("STOPPED", True)


@pytest.fixture
def table() -> Any:
    with mock_aws():
        client: Any = boto3.client("dynamodb", region_name="eu-west-1")
        client.create_table(
            TableName="breaker",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield client


def test_what_the_breaker_knows_of_lanes_is_stored(table: Any) -> None:
    store = DynamoDBBreakerStore("breaker", "tasks-pipe", table)
    held = frozenset({"new-1", "old-1"})
    assert store.save(replace(CLOSED, held=held, generation=2, empty_since=NOON))
    assert store.load() == replace(CLOSED, held=held, generation=2, empty_since=NOON, version=1)


def test_the_item_of_an_earlier_release_is_understood(table: Any) -> None:
    item = {"id": "tasks-pipe", "state": "open", "since": NOON.isoformat(), "reason": "r", "by": "anna"}
    attributes: Any = {name: {"S": value} for name, value in item.items()}
    attributes |= {"manual": {"BOOL": True}, "holds_pipe": {"BOOL": True}, "version": {"N": "7"}}
    table.put_item(TableName="breaker", Item=attributes)
    breaker = DynamoDBBreakerStore("breaker", "tasks-pipe", table).load()
    assert breaker is not None
    assert (breaker.held, breaker.generation, breaker.empty_since) == ({"tasks-pipe"}, 0, None)


@pytest.mark.parametrize("counted", ["", "NotVisible", "Delayed"])
def test_a_queue_is_empty_only_without_any_message(counted: str) -> None:
    class Client:
        def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: list[str]) -> Any:  # noqa: N803
            holds = QueueUrl == "second"
            name = f"ApproximateNumberOfMessages{counted}"
            return {"Attributes": {one: "1" if holds and one == name else "0" for one in AttributeNames}}

    client: Any = Client()
    assert SQSDrain(["first"], client).is_empty()
    assert not SQSDrain(["first", "second"], client).is_empty()


def test_times_are_stored_in_utc(table: Any) -> None:
    store = DynamoDBBreakerStore("breaker", "tasks-pipe", table)
    store.save(replace(CLOSED, empty_since=NOON.astimezone(UTC)))
    item = table.get_item(TableName="breaker", Key={"id": {"S": "tasks-pipe"}})["Item"]
    assert item["empty_since"] == {"S": "2026-01-31T12:00:00.000Z"}
