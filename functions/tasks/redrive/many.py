"""POST /redrive: redrive all failed tasks that match, key by key, in the original order of each key."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from functions.tasks.clock import timestamp
from functions.tasks.model import Status
from functions.tasks.redrive.model import Continuation, MalformedMessage, RedrivenTask, RedriveReport, RedriveRequest
from functions.tasks.redrive.one import report_line
from functions.tasks.redrive.redriver import Redriver
from functions.tasks.redrive.state import TaskState
from functions.tasks.redrive.sweep import Sweep, Undelivered

# API Gateway waits 29 s. After this time nothing new starts; what is under way takes at most five more calls.
_WORK = timedelta(seconds=10)
_SWEEP = timedelta(seconds=5)
_FINISH = timedelta(seconds=18)  # until then, dead letters are deleted and released one by one


class BulkRedrive:
    """One call: first what SQS gave up on, merged with the failures before it; then all other failures."""

    def __init__(self, request: RedriveRequest, redriver: Redriver, sweep: Sweep, now: Callable[[], datetime]) -> None:
        self._request = request
        self._redriver = redriver
        self._sweep = sweep
        self._now = now
        self._started = now()
        self._done: dict[str, RedrivenTask] = {}
        self._busy: set[str] = set()
        self._merged = 0
        self._listed_before: set[str] = set()
        given = request.continuation
        self._position = Continuation.decode(given) if given else Continuation(before=timestamp(self._started))

    def run(self) -> RedriveReport:
        """Redrive, or list what would be redriven; `Unavailable` when table or queue do not respond."""
        try:
            finished = self._undelivered() and self._redrive_failed()
            if self._request.drop_malformed and not self._request.dry_run:
                self._sweep.drop_malformed()
        finally:
            if not self._request.dry_run:
                self._sweep.look_behind(self._started + _WORK)
            self._sweep.finish(self._started + _FINISH, remove=not self._request.dry_run)
        return RedriveReport(
            dry_run=self._request.dry_run,
            tasks=tuple(self._done.values()),
            malformed=tuple(
                MalformedMessage(message_id=dead_letter.original_id, reason=dead_letter.reason[:200])
                for dead_letter in self._sweep.malformed
            ),
            dead_letters_removed=self._sweep.removed,
            busy_keys=tuple(sorted(self._busy)),
            continuation=None if finished else self._position.encode(),
        )

    def _has_capacity(self) -> bool:
        return len(self._done) < self._request.limit and self._now() < self._started + _WORK

    def _undelivered(self) -> bool:
        """Until there are no more: a group shows its next messages only once its first ones are deleted."""
        self._sweep.run(self._started + _SWEEP)
        while found := self._sweep.take_undelivered():
            if not all(self._redrive_undelivered_of(key, found[key]) for key in sorted(found)):
                return False
            if self._request.dry_run:
                break
            self._sweep.delete_removed(self._started + _WORK)
            self._sweep.run(self._started + _WORK)
        return True

    def _redrive_undelivered_of(self, key: str, waiting: Sequence[Undelivered | None]) -> bool:
        """Whether capacity was left for all of it. A key with a task in process is left alone from there on."""
        matching = [one for one in waiting if self._request.matches_undelivered(key, one.type if one else None)]
        if key in self._busy or not matching:
            return True
        for step in merge_in_order(list(self._candidates(key)), matching):
            if step is not None and self._was_listed(step):
                continue
            if not self._has_capacity():
                return False
            if step is None or not self._redrive(step):
                self._busy.add(key)
                break
            if self._request.dry_run:
                self._position = self._position.model_copy(update={"merged": self._merged})
        return True

    def _was_listed(self, one: TaskState | Undelivered) -> bool:
        """Whether an earlier page of this dry run has listed it. A real run does not find again what it redrove.

        Each page of a dry run merges the same undelivered messages and failures, and skips those already listed.
        """
        if not self._request.dry_run:
            return False
        self._merged += 1
        if self._merged <= (self._position.merged or 0):
            self._listed_before.add(_state(one).task_id)
            return True
        return False

    def _redrive_failed(self) -> bool:
        """Page by page of keys, key by key; whether it reached the end."""
        while True:
            page = self._position.page
            if self._request.ordering_key is None:
                keys = self._redriver.tasks.keys(page)
                names, next_page = keys.keys, keys.next_page
            else:
                names, next_page = (self._request.ordering_key,), None
            if not all(self._redrive_failed_of(key) for key in names):
                return False
            if next_page is None:
                return True
            self._position = self._position.model_copy(update={"page": next_page, "key": None, "sequence": None})

    def _redrive_failed_of(self, key: str) -> bool:
        if key in self._busy:
            return True
        for state in self._candidates(key):
            if not self._has_capacity():
                return False
            self._redrive(state)
            self._position = self._position.model_copy(update={"key": key, "sequence": state.sequence_number})
        return True

    def _candidates(self, key: str) -> Iterator[TaskState]:
        for state in self._redriver.tasks.of_key(key):
            listed = state.task_id in self._done or state.task_id in self._listed_before
            seen = listed or self._position.has_passed(key, state.sequence_number or "")
            if not seen and self._request.matches(state, self._position.before):
                yield state

    def _redrive(self, one: TaskState | Undelivered) -> bool:
        """Redrive it, or only list it; False when an undelivered message cannot be redriven now."""
        if isinstance(one, TaskState):
            if self._request.dry_run:
                self._report(one, one.redrives + (one.status is Status.FAILED))
            elif mark := self._redriver.redrive(one):
                self._report(one, mark.redrives)
            return True
        if self._request.dry_run:
            self._report(_state(one), one.state.redrives + 1 if one.state else 0)
            return True
        return self._resend(one)

    def _resend(self, one: Undelivered) -> bool:
        message_id = one.dead_letter.received.message_id
        if one.state is None:  # never claimed: there is no record to mark, and nothing can have succeeded
            self._redriver.queue.send(
                body=one.dead_letter.received.body, group=one.ordering_key, deduplication_id=f"redrive-{message_id}"
            )
            self._report(_state(one), 0)
            return True
        mark = self._redriver.resend(one.state)
        if mark is not None:
            self._report(one.state, mark.redrives)
        return mark is not None

    def _report(self, state: TaskState, redrives: int) -> None:
        self._done[state.task_id] = report_line(state, redrives)
        self._sweep.remove_dead_letters_of(state.task_id)


def merge_in_order(
    failed: Sequence[TaskState], undelivered: Sequence[Undelivered | None]
) -> Iterator[TaskState | Undelivered | None]:
    """Both in the key's original order, up to the last undelivered one: more of them may follow it.

    SQS's sequence numbers are exact, and a task has one once it is claimed; before that, only the time of its
    acceptance is known. None stands for a task that an execution is processing: nothing behind it may be sent.
    """
    rest = list(failed)
    for one in undelivered:
        while one is not None and rest and _comes_before(rest[0], _state(one)):
            yield rest.pop(0)
        yield one


def _comes_before(failed: TaskState, undelivered: TaskState) -> bool:
    if failed.sequence_number and undelivered.sequence_number:
        return failed.sequence_number < undelivered.sequence_number
    return failed.created_at <= undelivered.created_at


def _state(one: TaskState | Undelivered) -> TaskState:
    """The task's state; without a record, what its message says."""
    if isinstance(one, TaskState):
        return one
    return one.state or TaskState(
        task_id=one.dead_letter.task_id,
        ordering_key=one.ordering_key,
        status=Status.QUEUED,
        type=one.type,
        created_at=timestamp(one.dead_letter.received.sent_at),
    )
