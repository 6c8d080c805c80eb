"""Several tasks in one request. Each is accepted or rejected on its own; those of a key keep their order."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, WrapValidator

from functions.tasks import strict_json
from functions.tasks.errors import BODY, FieldError, Invalid, Rejected, TooLarge, Unavailable, field_errors
from functions.tasks.intake.idempotency import IdempotencyKey, request_hash
from functions.tasks.intake.ordering import DefaultOrdering
from functions.tasks.intake.submission import Accepted, Identity, Ports, canonical, check, new_record, send, write
from functions.tasks.model import BATCH_ID_PATTERN, NewTask
from functions.tasks.record import Record
from functions.tasks.tenancy import Tenant

MAX_TASKS = 25
# Lambda returns at most 6 MB. A response repeats the tasks or the names of unknown fields, and in the worst case (each
# number in its longest form, each quote escaped twice) it is four to five times as large as the request.
MAX_BATCH_BYTES = 1024 * 1024
# No task is started later than this. One takes at most 21 s (a put, the read after its lost reply, a send, each with
# all its attempts timing out), and the function has 28.
START_WITHIN = timedelta(seconds=6)
_NESTING = 2  # the object and the list around each task
_UNVALIDATED = WrapValidator(lambda value, _: value)  # one invalid task must not fail the others


class Batch(BaseModel):
    """1 to 25 tasks."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    tasks: Annotated[
        list[Annotated[NewTask, _UNVALIDATED]],
        Field(
            min_length=1,
            max_length=MAX_TASKS,
            description="The tasks. Those with the same `ordering_key` are processed in the order given here.",
        ),
    ]
    batch_id: Annotated[
        Annotated[str, Field(pattern=BATCH_ID_PATTERN)] | None,
        Field(
            description="Names the batch, so that several requests can belong to one: 1 to 100 printable ASCII "
            "characters without spaces. Left out, the batch gets a new id."
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class BatchOutcome:
    """The batch's id, and the outcome of each of its tasks, in their order."""

    batch_id: str
    outcomes: list["Outcome"]


@dataclass(frozen=True, kw_only=True)
class Item:
    """One of the tasks, or its rejection; `payload` is the part of it that identifies the request."""

    task: NewTask | Rejected
    payload: JsonValue


class NotAttempted(Unavailable):
    """A task that was skipped because of an earlier one; the message is for the client."""


Outcome = Accepted | Rejected | Unavailable
Chain = Sequence[tuple[int, Record]]


def accept_batch(text: str, caller: Tenant, key: IdempotencyKey | None, ports: Ports) -> BatchOutcome:
    """Accept the tasks in the body of a caller's request.

    `Rejected` when it is not a batch, too large, or its idempotency key belongs to another request; `Unavailable` when
    no task could be accepted. Either way the same request may be sent again.
    """
    now = ports.now()
    batch = _parse(text)
    items = [_item(value, ports) for value in batch.tasks]
    batch_id = batch.batch_id or (key.batch_id() if key else ports.new_id(now))
    named = (batch.batch_id,) if batch.batch_id else ()
    origin = _Origin(tenant=ports.tenancy.tenant(caller), batch_id=batch_id, key=key, named=named)
    records = _new_records(items, origin, ports, now)
    outcomes = Submission(ports=ports, start_until=now + START_WITHIN).run(records)
    return BatchOutcome(batch_id=batch_id, outcomes=outcomes)


def _parse(text: str) -> Batch:
    if len(text.encode(errors="surrogatepass")) > MAX_BATCH_BYTES:
        raise batch_too_large()
    try:
        return Batch.model_validate(strict_json.loads(text, strict_json.MAX_DEPTH + _NESTING, exact=True))
    except ValidationError as error:
        raise invalid_batch(field_errors(error)) from error
    except ValueError as error:
        raise invalid_batch([FieldError(field=BODY, message=str(error))]) from error


@dataclass(frozen=True, kw_only=True)
class _Origin:
    """What the tasks of one request have in common: whose they are, their batch, and the idempotency key."""

    tenant: Tenant
    batch_id: str
    key: IdempotencyKey | None
    named: tuple[str, ...] = ()
    """The batch's id again, if the client named it: then it is a part of the request."""


def _item(value: Any, ports: Ports) -> Item:
    try:
        task = check(value, ports.types)
    except Rejected as rejected:
        return Item(task=rejected, payload=value)
    return Item(task=task, payload=canonical(task, ports.ordering))


def _new_records(items: Sequence[Item], origin: _Origin, ports: Ports, now: datetime) -> list[Record | Rejected]:
    """The tasks' first records, and the rejections of those that cannot have one.

    They are a millisecond apart, so that their times show their order. With a key, the first recorded task has the id
    that a single task with that key would have; the hash is that of the whole request, with the task's position.
    """
    whole = request_hash([*(item.payload for item in items), *origin.named]) if origin.key else None
    records: list[Record | Rejected] = []
    number = 0
    for position, item in enumerate(items):
        moment = now + timedelta(milliseconds=position)
        identity = Identity(
            task_id=origin.key.task_id(number) if origin.key else ports.new_id(moment),
            tenant=origin.tenant,
            request_hash=f"{whole}/{position}" if origin.key else None,
            batch_id=origin.batch_id,
        )
        records.append(_record(item, identity, moment, ports.ordering))
        number += isinstance(records[-1], Record)
    return records


def _record(item: Item, identity: Identity, now: datetime, ordering: DefaultOrdering) -> Record | Rejected:
    if isinstance(item.task, Rejected):
        return item.task
    try:
        return new_record(item.task, identity, now, ordering)
    except TooLarge as rejected:
        return rejected


@dataclass(frozen=True, kw_only=True)
class Submission:
    """The submission of one batch to table and queue. No task is started after `start_until`."""

    ports: Ports
    start_until: datetime

    def run(self, records: Sequence[Record | Rejected]) -> list[Outcome]:
        """Submit the records; return the outcome of each, in their order.

        The first record is written before all others: with an idempotency key it decides for the whole batch, so that
        of two batches with the same key only one can start.
        """
        outcomes: dict[int, Outcome] = {i: one for i, one in enumerate(records) if isinstance(one, Rejected)}
        waiting = [(i, one) for i, one in enumerate(records) if isinstance(one, Record)]
        if waiting:
            self.ports.queue.check()
            first = write(waiting[0][1], self.ports.records)
            chains = by_ordering_key(waiting)
            for part in self.ports.parallel_map(lambda chain: self._submit_chain(chain, first), chains):
                outcomes.update(part)
        ordered = [outcomes[i] for i in range(len(records))]
        failed = [one for one in ordered if isinstance(one, Unavailable)]
        if len(failed) == len(ordered):
            raise failed[0]
        return ordered

    def _submit_chain(self, chain: Chain, first: Accepted) -> Mapping[int, Outcome]:
        """Submit the tasks of one key, each only once the previous one is known to be queued."""
        outcomes: dict[int, Outcome] = {}
        blocked: Unavailable | None = None
        for position, record in chain:
            outcome = blocked or self._submit(record, first)
            if isinstance(outcome, Unavailable):
                blocked = NotAttempted("An earlier task with the same ordering key could not be queued.")
            outcomes[position] = outcome
        return outcomes

    def _submit(self, record: Record, first: Accepted) -> Outcome:
        if self.ports.now() >= self.start_until:
            return NotAttempted("Earlier tasks of the batch took too long.")
        try:
            self.ports.queue.check()
            accepted = first if record.task_id == first.record.task_id else write(record, self.ports.records)
            send(accepted.record, self.ports.queue)
        except (Rejected, Unavailable) as error:
            return error
        return accepted


def by_ordering_key(waiting: Chain) -> list[Chain]:
    """One chain per key; sorting keeps the order within each."""
    by_key = sorted(waiting, key=lambda one: one[1].ordering_key)
    return [list(chain) for _, chain in itertools.groupby(by_key, key=lambda one: one[1].ordering_key)]


def batch_too_large() -> TooLarge:
    """The rejection of a batch whose response could exceed Lambda's limit."""
    detail = f"A batch may be up to {MAX_BATCH_BYTES // 1024} KiB. Send several smaller ones."
    return TooLarge("Batch too large", detail, [FieldError(field=BODY, message="is too large")])


def invalid_batch(errors: Sequence[FieldError]) -> Invalid:
    """The rejection of what is not a batch."""
    return Invalid("Invalid batch", "No task was accepted.", errors)
