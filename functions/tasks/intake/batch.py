"""Several tasks in one request. Each is accepted or refused by itself; those of a key keep the order they came in."""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, WrapValidator

from functions.tasks import strict_json
from functions.tasks.errors import FieldError, Refused, Unavailable
from functions.tasks.fields import BODY, field_errors
from functions.tasks.intake.idempotency import IdempotencyKey, request_hash
from functions.tasks.intake.submission import Accepted, Identity, TaskQueue, canonical, record_of, send, write
from functions.tasks.intake.validation import check_new_task, invalid
from functions.tasks.model import NewTask
from functions.tasks.record import Record, RecordStore
from functions.tasks.registry import Registry

MAX_TASKS = 25
# Lambda answers at most 6 MB. An answer repeats the tasks or the names of unknown fields, and in the worst case (every
# number written the long way, every quote escaped twice) that is four to five times the request.
MAX_BATCH_BYTES = 1024 * 1024
_NESTING = 2  # the object and the list around each task
_AS_IT_IS = WrapValidator(lambda value, _: value)  # one wrong task shall not spoil the others


class Batch(BaseModel):
    """1 to 25 tasks."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    tasks: Annotated[
        list[Annotated[NewTask, _AS_IT_IS]],
        Field(
            min_length=1,
            max_length=MAX_TASKS,
            description="The tasks. Those of the same `ordering_key` are worked off in the order given here.",
        ),
    ]


@dataclass(frozen=True, kw_only=True)
class Item:
    """One of the tasks: as it was understood, or why it was not, and what of it counts when it is sent again."""

    task: NewTask | Refused
    payload: JsonValue


class NotTried(Unavailable):
    """A task that was left alone because of what happened before it; the message is for the client."""


Outcome = Accepted | Refused | Unavailable
Chain = Sequence[tuple[int, Record]]
SideBySide = Callable[[Callable[[Chain], Mapping[int, Outcome]], Sequence[Chain]], Iterable[Mapping[int, Outcome]]]


def parse_batch(text: str, types: Registry) -> list[Item]:
    """The tasks of a request body; `Refused` (400, 413) when it is no batch at all."""
    if len(text.encode(errors="surrogatepass")) > MAX_BATCH_BYTES:
        raise batch_too_large()
    try:
        batch = Batch.model_validate(strict_json.loads(text, strict_json.MAX_DEPTH + _NESTING))
    except ValidationError as error:
        raise invalid_batch(field_errors(error)) from error
    except ValueError as error:
        raise invalid_batch([FieldError(field=BODY, message=str(error))]) from error
    return [_item(value, types) for value in batch.tasks]


def _item(value: Any, types: Registry) -> Item:
    try:
        task = check_new_task(value, types)
    except Refused as refused:
        return Item(task=refused, payload=value)
    return Item(task=task, payload=canonical(task))


def new_records(
    items: Sequence[Item], *, key: IdempotencyKey | None, now: datetime, new_id: Callable[[datetime], str]
) -> list[Record | Refused]:
    """The records that the tasks shall have, and the refusals of those that cannot have one.

    They are a millisecond apart, so that their times tell their order. With a key, the first task that is recorded
    has the id that belongs to the key alone; the hash is the whole request's, with the task's place in it.
    """
    whole = request_hash([item.payload for item in items]) if key else None
    planned: list[Record | Refused] = []
    number = 0
    for position, item in enumerate(items):
        moment = now + timedelta(milliseconds=position)
        identity = (
            Identity(task_id=key.task_id(number), request_hash=f"{whole}/{position}")
            if key
            else Identity(task_id=new_id(moment))
        )
        planned.append(_record(item, identity, moment))
        number += isinstance(planned[-1], Record)
    return planned


def _record(item: Item, identity: Identity, now: datetime) -> Record | Refused:
    if isinstance(item.task, Refused):
        return item.task
    try:
        return record_of(item.task, identity, now)
    except Refused as too_large:
        return too_large


@dataclass(frozen=True, kw_only=True)
class BatchSubmission:
    """What it takes to submit a batch.

    `in_time` says whether another task may be begun, `side_by_side` is `map` or does the same with several threads.
    """

    records: RecordStore
    queue: TaskQueue
    in_time: Callable[[], bool]
    side_by_side: SideBySide

    def run(self, planned: Sequence[Record | Refused]) -> list[Outcome]:
        """Submit the records; what became of each, in their order.

        The first record is written before all others: with an idempotency key it decides for the whole batch, so that
        two batches with one key can never both be begun. `Refused` (422) when the key is another request's,
        `Unavailable` when no task at all could be accepted: then the whole request may be sent again.
        """
        outcomes: dict[int, Outcome] = {i: one for i, one in enumerate(planned) if isinstance(one, Refused)}
        waiting = [(i, one) for i, one in enumerate(planned) if isinstance(one, Record)]
        if waiting:
            first = write(waiting[0][1], self.records)
            chains = _by_ordering_key(waiting)
            for part in self.side_by_side(lambda chain: self._work_off(chain, first), chains):
                outcomes.update(part)
        ordered = [outcomes[i] for i in range(len(planned))]
        failed = [one for one in ordered if isinstance(one, Unavailable)]
        if len(failed) == len(ordered):
            raise failed[0]
        return ordered

    def _work_off(self, chain: Chain, first: Accepted) -> Mapping[int, Outcome]:
        """Submit the tasks of one key, each only when the one before it is known to be in the queue."""
        outcomes: dict[int, Outcome] = {}
        stopped: Unavailable | None = None
        for position, record in chain:
            outcome = stopped or self._submit(record, first)
            if isinstance(outcome, Unavailable):
                stopped = NotTried("The task before it of the same ordering key could not be queued.")
            outcomes[position] = outcome
        return outcomes

    def _submit(self, record: Record, first: Accepted) -> Outcome:
        if not self.in_time():
            return NotTried("The tasks before it took too long.")
        try:
            accepted = first if record.task_id == first.record.task_id else write(record, self.records)
            send(accepted.record, self.queue)
        except (Refused, Unavailable) as error:
            return error
        return accepted


def _by_ordering_key(waiting: Chain) -> list[Chain]:
    """One chain a key; sorting keeps the order within each."""
    by_key = sorted(waiting, key=lambda one: one[1].ordering_key)
    return [list(chain) for _, chain in itertools.groupby(by_key, key=lambda one: one[1].ordering_key)]


def batch_too_large() -> Refused:
    """The refusal of a batch whose answer could be more than Lambda sends."""
    detail = f"A batch may take {MAX_BATCH_BYTES // 1024} KiB. Send several smaller ones."
    return Refused(413, "Batch too large", detail, [FieldError(field=BODY, message="is too large")])


def invalid_batch(errors: Sequence[FieldError]) -> Refused:
    """The refusal of what is no batch."""
    return invalid("Invalid batch", "No task was accepted.", errors)
