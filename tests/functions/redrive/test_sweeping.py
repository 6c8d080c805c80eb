"""Redrive and the dead-letter queue, in memory: its time limits, what it holds back, and what it reports."""

from typing import Any

import pytest

from functions.tasks.errors import Conflict, NotFound, Unavailable
from functions.tasks.model import Status
from functions.tasks.redrive.dead_letters import Received
from functions.tasks.redrive.state import KeysPage
from tests.functions.redrive.fakes import NOON, SECOND, Redrive, a_dead_letter, a_received, a_state


def of_others(count: int) -> list[Received]:
    """Dead letters that a redrive of another task holds and has to release."""
    return [a_received(a_dead_letter(task_id=f"other-{number}"), receipt=str(number)) for number in range(count)]


def undelivered(task_id: str, **changes: Any) -> Received:
    """A message that SQS gave up on, of key `k` unless its record says otherwise."""
    return a_received({"task_id": task_id}, **{"group": "k", "message_id": f"message-{task_id}", **changes})


def test_a_sweep_receives_nothing_after_its_time() -> None:
    redrive = Redrive(*[of_others(1)] * 9)
    redrive.sweep().run(NOON + 3 * SECOND)
    assert redrive.clock.now == NOON + 3 * SECOND, "no call starts after the third second"
    assert len(redrive.dead_letters.batches) == 6


@pytest.mark.parametrize("remove", [True, False])
def test_a_sweep_deletes_and_releases_nothing_after_its_time(remove: bool) -> None:
    redrive = Redrive(of_others(9))
    sweep = redrive.sweep()
    sweep.run(NOON + SECOND)
    for number in range(9):
        sweep.remove_dead_letters_of(f"other-{number}")
    sweep.finish(NOON + 4 * SECOND, remove=remove)
    done = redrive.dead_letters.deleted if remove else redrive.dead_letters.released
    assert (len(done), redrive.clock.now) == (3, NOON + 4 * SECOND)
    assert sweep.removed == len(redrive.dead_letters.deleted)


def test_a_redrive_removes_what_is_out_of_date_behind_what_it_removed_and_releases_the_rest() -> None:
    stale = [a_received(a_dead_letter(attempts=number), receipt=f"{number}") for number in (1, 2)]
    current = a_received(a_dead_letter(task_id="b"), receipt="current")
    known = [a_state(attempts=3), a_state(task_id="b", status=Status.FAILED, attempts=3, ordering_key="l")]
    redrive = Redrive(stale[:1], [], stale[1:], [], [current], known=known)
    report = redrive.many(ordering_key="k", dry_run=False)
    assert (redrive.dead_letters.deleted, report.dead_letters_removed) == (["1", "2"], 2)
    assert redrive.dead_letters.released == ["current"]


def test_a_redrive_that_could_not_look_at_all_dead_letters_does_not_look_behind_them() -> None:
    """It needs the time to release what it holds: other messages of these keys are ahead of what is redriven next."""
    stale = a_received(a_dead_letter(attempts=1), receipt="stale")
    others = [[one] for one in of_others(30)]
    known = [a_state(attempts=3)]
    known += [a_state(task_id=f"other-{number}", status=Status.FAILED, attempts=3) for number in range(30)]
    redrive = Redrive([stale], *others, known=known)
    redrive.many(ordering_key="another", dry_run=False)
    assert (redrive.dead_letters.deleted, redrive.dead_letters.released) == (["stale"], ["0", "1", "2", "3"])


def test_malformed_messages_are_dropped_with_those_behind_them() -> None:
    redrive = Redrive([a_received("{", receipt="1")], [], [a_received("[", receipt="2")])
    report = redrive.many(drop_malformed=True, dry_run=False)
    assert (redrive.dead_letters.deleted, report.dead_letters_removed) == (["1", "2"], 2)
    assert len(report.malformed) == 2


def test_a_dead_letter_queue_that_fails_behind_what_was_removed_fails_no_redrive(monkeypatch: Any) -> None:
    redrive = Redrive([a_received(a_dead_letter(), receipt="1")], [], known=[a_state(attempts=3)])
    receive = redrive.dead_letters.receive

    def once_or_never() -> Any:
        if redrive.dead_letters.deleted:
            raise Unavailable("the dead-letter queue did not respond")
        return receive()

    monkeypatch.setattr(redrive.dead_letters, "receive", once_or_never)
    assert redrive.many(dry_run=False).dead_letters_removed == 1


def test_messages_that_were_sent_at_the_same_time_keep_the_order_of_receipt() -> None:
    redrive = Redrive([undelivered(task_id) for task_id in ("b", "a", "c")])
    sweep = redrive.sweep()
    sweep.run(NOON + SECOND)
    (found,) = sweep.take_undelivered().values()
    assert [one.dead_letter.task_id for one in found if one] == ["b", "a", "c"]


def test_the_redrive_of_one_task_spends_at_most_ten_seconds_on_the_dead_letter_queue() -> None:
    own = a_received(a_dead_letter(), receipt="own")
    redrive = Redrive([own], of_others(30), known=[a_state(status=Status.FAILED)])
    report = redrive.one("a")
    assert (report.dead_letters_removed, redrive.dead_letters.deleted) == (1, ["own"])
    assert redrive.clock.now == NOON + 11 * SECOND, "the first second was spent on the record"
    assert len(redrive.dead_letters.released) == 6, "after three calls to receive, and one to delete"


@pytest.mark.parametrize("status", [Status.PROCESSING, Status.SUCCEEDED, Status.CANCELLED])
def test_an_unsettled_redrive_is_not_sent_again_once_its_task_has_moved_on(status: Status) -> None:
    redrive = Redrive(known=[a_state(status=status)])
    with pytest.raises(Conflict):
        redrive.one("a")
    assert redrive.queue.sent == []


# All failed tasks


def test_a_redrive_starts_nothing_new_after_ten_seconds() -> None:
    numbers = [f"{number:02}" for number in range(20)]
    failed = [a_state(task_id=n, status=Status.FAILED, failed_at="", sequence_number=n) for n in numbers]
    redrive = Redrive(known=failed)
    report = redrive.many(dry_run=False)
    assert len(report.tasks) == 9, "after a sweep of one second"
    assert redrive.clock.now == NOON + 10 * SECOND
    assert report.continuation


def test_undelivered_messages_beyond_the_limit_are_left_for_the_next_call() -> None:
    redrive = Redrive([undelivered("a"), undelivered("b", group="l")])
    report = redrive.many(dry_run=False, limit=1)
    assert ([task.task_id for task in report.tasks], redrive.sent) == (["a"], ["redrive-message-a"])
    assert report.continuation, "there is more to do"


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_redrive_whose_filters_match_nothing_is_complete(dry_run: bool) -> None:
    report = Redrive([undelivered("a")]).many(dry_run=dry_run, type="email")
    assert (report.tasks, report.continuation) == ((), None)


@pytest.mark.parametrize(
    "filters", [{"ordering_key": "k"}, {"type": "default"}, {"ordering_key": "k", "type": "default"}]
)
def test_filters_include_the_undelivered_messages_that_match(filters: dict[str, str]) -> None:
    assert [task.task_id for task in Redrive([undelivered("a")]).many(**filters).tasks] == ["a"]


def test_the_pages_of_a_dry_run_list_an_undelivered_message_once() -> None:
    failed = a_state(task_id="b", status=Status.FAILED, failed_at="", sequence_number="2")
    redrive = Redrive([undelivered("a", group="l")], known=[failed])
    first = redrive.many(limit=1)
    redrive.dead_letters.batches = [[undelivered("a", group="l")]]
    second = redrive.many(limit=1, continuation=first.continuation)
    assert [task.task_id for page in (first, second) for task in page.tasks] == ["a", "b"], "each once"


def test_a_key_that_was_found_busy_is_left_alone_for_the_whole_call() -> None:
    busy = a_state(status=Status.PROCESSING, lease_until=in_a_minute())
    failed = a_state(task_id="d", status=Status.FAILED, failed_at="", sequence_number="4")
    redrive = Redrive([undelivered("a"), undelivered("b")], [], [undelivered("c")], known=[busy, failed])
    report = redrive.many(dry_run=False)
    assert (report.tasks, redrive.sent, report.busy_keys) == ((), [], ("k",))
    assert report.continuation is None, "an immediate retry would find it still busy"


def in_a_minute() -> int:
    return int((NOON + 60 * SECOND).timestamp() * 1000)


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize("filters", [{}, {"ordering_key": "k"}, {"type": "email"}])
def test_a_key_whose_only_undelivered_message_is_blocked_is_reported_as_busy(
    filters: dict[str, str], dry_run: bool
) -> None:
    busy = a_state(status=Status.PROCESSING, lease_until=in_a_minute())
    failed = a_state(task_id="d", status=Status.FAILED, failed_at="", sequence_number="4")
    redrive = Redrive([undelivered("a")], known=[busy, failed])
    report = redrive.many(dry_run=dry_run, **filters)
    assert (report.tasks, redrive.sent, report.busy_keys) == ((), [], ("k",))


@pytest.mark.parametrize("filters", [{"ordering_key": "other"}, {"error_class": "NETWORK"}])
def test_a_blocked_message_that_the_filters_leave_out_is_not_reported(filters: dict[str, str]) -> None:
    busy = a_state(status=Status.PROCESSING, lease_until=in_a_minute())
    assert Redrive([undelivered("a")], known=[busy]).many(**filters).busy_keys == ()


def test_a_message_whose_failure_is_current_does_not_block_its_key() -> None:
    """It is kept as a dead letter; the message in the record is sent."""
    failed = a_state(status=Status.FAILED, failed_at="", sequence_number="1")
    redrive = Redrive([undelivered("a"), undelivered("b")], known=[failed])
    report = redrive.many(dry_run=False)
    assert (redrive.sent, report.busy_keys) == (["a-redrive-1", "redrive-message-b"], ())


def test_a_failed_task_comes_before_an_undelivered_one_of_the_same_time() -> None:
    """It was claimed, and the other one never was."""
    failed = a_state(task_id="b", status=Status.FAILED, failed_at="")
    redrive = Redrive([undelivered("a", sent_at=NOON)], known=[failed])
    redrive.many(dry_run=False)
    assert redrive.sent == ["b-redrive-1", "redrive-message-a"]


def test_an_undelivered_task_whose_last_redrive_was_interrupted_is_sent_once() -> None:
    interrupted = a_state(unsettled=True, redrives=1, sequence_number="1")
    redrive = Redrive([undelivered("a")], known=[interrupted])
    assert [task.redrives for task in redrive.many(dry_run=False).tasks] == [2]
    assert redrive.sent == ["a-redrive-2"]


def test_a_report_counts_this_redrive() -> None:
    waiting = a_state(redrives=1)
    assert [task.redrives for task in Redrive([undelivered("a")], known=[waiting]).many().tasks] == [2]
    assert [task.redrives for task in Redrive([undelivered("a")], known=[waiting]).many(dry_run=False).tasks] == [2]


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_task_without_a_record_has_no_redrives(dry_run: bool) -> None:
    assert [task.redrives for task in Redrive([undelivered("a")]).many(dry_run=dry_run).tasks] == [0]


def test_a_report_has_class_and_time_of_each_failure() -> None:
    at = "2026-01-31T11:00:00.000Z"
    failed = a_state(status=Status.FAILED, failed_at=at, error={"class": "NETWORK"})
    (task,) = Redrive(known=[failed]).many().tasks
    assert (task.error_class, task.failed_at) == ("NETWORK", at)


def test_the_reason_of_a_malformed_message_is_cut() -> None:
    (malformed,) = Redrive([a_received(a_dead_letter(task_id=None, error={"message": "x" * 201}))]).many().malformed
    assert (malformed.message_id, malformed.reason) == ("first-1", "x" * 200)


def test_a_task_that_does_not_exist_is_named() -> None:
    with pytest.raises(NotFound, match=r"^There is no task 'unknown'\.$"):
        Redrive().one("unknown")


def test_the_keys_of_every_page_are_redriven_in_whatever_order_the_pages_come() -> None:
    failed = {"status": Status.FAILED, "failed_at": "2026-01-31T11:00:00.000Z", "sequence_number": "7"}
    redrive = Redrive(known=[a_state(task_id=key, ordering_key=key, **failed) for key in ("b", "a")])
    pages = {None: KeysPage(keys=("b",), next_page="second"), "second": KeysPage(keys=("a",), next_page=None)}
    redrive.tasks.keys = pages.__getitem__  # type: ignore[method-assign]
    assert [task.task_id for task in redrive.many(dry_run=False).tasks] == ["b", "a"]
