"""To which lane a task goes, at which moment."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.adapters.queue import SQSTaskQueue
from functions.tasks.errors import Unavailable
from functions.tasks.intake.lanes import BEFORE_QUIET, QUIET, Lanes, lane_of, parse_lanes

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
MOMENT = timedelta(milliseconds=1)
KNOWN = [1, 0, 0, 2, 0, 1]  # queues are full of messages that were placed so
GROUPS = "abcdefgh"
CHANGING = Lanes(queues=("new-1", "new-2", "new-3"), before=("old",), since=NOON)


def test_a_key_has_the_same_lane_in_every_process() -> None:
    assert [lane_of(f"customer-{number}", 3) for number in range(6)] == KNOWN


def test_keys_are_spread_evenly() -> None:
    counts = Counter(lane_of(f"a tenant#customer-{number}", 4) for number in range(4_000))
    assert set(counts) == {0, 1, 2, 3}
    assert max(counts.values()) < 1.2 * min(counts.values())


def test_until_the_change_tasks_go_to_the_old_lanes_and_then_to_the_new_ones() -> None:
    assert CHANGING.queue_of("a key", NOON - QUIET - MOMENT) == "old"
    assert CHANGING.queue_of("a key", NOON + QUIET + MOMENT) in CHANGING.queues


@pytest.mark.parametrize("after", [-QUIET, timedelta(0), QUIET])
def test_around_the_change_nothing_is_sent(after: timedelta) -> None:
    with pytest.raises(Unavailable, match="number of lanes changes"):
        CHANGING.queue_of("a key", NOON + after)


def test_a_task_whose_message_would_come_too_late_is_not_even_recorded() -> None:
    with pytest.raises(Unavailable):
        CHANGING.check(NOON - QUIET - BEFORE_QUIET)
    CHANGING.check(NOON - QUIET - BEFORE_QUIET - MOMENT)
    CHANGING.check(NOON + QUIET + MOMENT)


def test_clocks_that_differ_by_less_than_the_quiet_time_send_no_later_task_to_the_old_lanes() -> None:
    """The earlier task was sent by the clock that is furthest ahead, the later by the one that is furthest behind."""
    for milliseconds in range(-3_000, 3_000, 50):
        now = NOON + timedelta(milliseconds=milliseconds)
        try:
            first = CHANGING.queue_of("a key", now + QUIET - MOMENT)
            second = CHANGING.queue_of("a key", now - QUIET + MOMENT)
        except Unavailable:
            continue
        assert first == "old" or second != "old"


def test_one_lane_needs_no_other_variable() -> None:
    assert parse_lanes("https://queue", {"TABLE_NAME": "tasks"}) == Lanes(queues=("https://queue",))


def test_lanes_are_read_from_the_variables_of_a_function() -> None:
    variables = {"QUEUE_URLS_BEFORE": "c", "LANES_FROM": "2026-12-01T13:00:00+01:00"}
    assert parse_lanes("a,b", variables) == Lanes(queues=("a", "b"), before=("c",), since=NOON)


def test_a_message_is_sent_to_the_queue_of_its_lane() -> None:
    class Client:
        def __init__(self) -> None:
            self.sent: list[dict[str, Any]] = []

        def send_message(self, **request: Any) -> None:
            self.sent.append(request)

    client: Any = Client()
    queue = SQSTaskQueue(CHANGING, client, lambda: NOON + timedelta(minutes=1))
    for group in GROUPS:
        queue.send(body="{}", group=group, deduplication_id=f"task of {group}")
    assert {one["MessageGroupId"]: one["QueueUrl"] for one in client.sent} == {
        group: CHANGING.queues[lane_of(group, 3)] for group in GROUPS
    }
    assert {one["QueueUrl"] for one in client.sent} == set(CHANGING.queues)
