"""Accepting a task: validate it, write its record, then queue its message."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from pydantic import JsonValue, ValidationError

from functions.tasks import strict_json
from functions.tasks.clock import timestamp
from functions.tasks.errors import BODY, FieldError, Invalid, KeyReused, TooLarge, field_errors
from functions.tasks.intake.idempotency import IdempotencyKey, request_hash
from functions.tasks.intake.ordering import DefaultOrdering
from functions.tasks.model import NewTask, Status
from functions.tasks.record import Record, RecordStore
from functions.tasks.registry import Registry
from functions.tasks.tenancy import Tenancy, Tenant, message_group

# Also the largest message that the task queue accepts, whoever sends it (`infrastructure/pipeline/lane.py`).
MAX_BODY_BYTES = 192 * 1024
# EventBridge Pipes passes the body on as a string in a JSON array, where quotes and backslashes are escaped, and Step
# Functions accepts 256 KiB of that. SQS does not know that limit: a message beyond it would hold its group until SQS
# gives it up. The rest is for the envelope and for what the state machine adds.
MAX_ESCAPED_BYTES = 240 * 1024


ParallelMap = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]


class TaskQueue(Protocol):
    """Where accepted tasks wait. Raises `Unavailable` when it does not respond."""

    def check(self) -> None:
        """`Unavailable` if it is known now that a task that is recorded now could not be queued. Asks nobody."""
        ...

    def send(self, *, body: str, group: str, deduplication_id: str) -> None:
        """Queue one message behind all others of its message group."""
        ...


@dataclass(frozen=True, kw_only=True)
class Ports:
    """What intake depends on. `parallel_map` is `map`, or does the same with several threads.

    `id_secret` is what the ids of tasks with an idempotency key are computed with.
    """

    records: RecordStore
    queue: TaskQueue
    types: Registry
    now: Callable[[], datetime]
    new_id: Callable[[datetime], str]
    tenancy: Tenancy
    ordering: DefaultOrdering
    id_secret: bytes = field(repr=False)
    parallel_map: ParallelMap = map


class Identity(NamedTuple):
    """The task that a request creates, and whose it is.

    Only a request with an idempotency key has a hash: it may be repeated. Only a batch has a `batch_id`.
    """

    task_id: str
    tenant: Tenant
    request_hash: str | None = None
    batch_id: str | None = None


class Accepted(NamedTuple):
    """A task that is recorded and queued; `replayed` when an earlier request with the same key had recorded it."""

    record: Record
    replayed: bool


def accept(text: str, caller: Tenant, key: IdempotencyKey | None, ports: Ports) -> Accepted:
    """Accept the task in the body of a caller's request.

    `Rejected` when it is not a task, too large, or its idempotency key belongs to another request; `Unavailable` when
    table or queue do not respond. Either way the same request may be sent again.
    """
    if len(text.encode(errors="surrogatepass")) > MAX_BODY_BYTES:
        raise too_large()
    new_task = _parse(text, ports.types)
    now, tenant = ports.now(), ports.tenancy.tenant(caller)
    identity = (
        Identity(task_id=key.task_id(), tenant=tenant, request_hash=request_hash(canonical(new_task, ports.ordering)))
        if key
        else Identity(task_id=ports.new_id(now), tenant=tenant)
    )
    return submit(new_record(new_task, identity, now, ports.ordering), ports)


def _parse(text: str, types: Registry) -> NewTask:
    try:
        value = strict_json.loads(text, exact=True)
    except ValueError as error:
        raise invalid_task([FieldError(field=BODY, message=str(error))]) from error
    return check(value, types)


def check(value: Any, types: Registry) -> NewTask:
    """The task that a parsed document describes; `Invalid` names each wrong field."""
    try:
        new_task = NewTask.model_validate(value)
    except ValidationError as error:
        raise invalid_task(field_errors(error)) from error
    if errors := types.errors(new_task):
        raise invalid_task(errors)
    return new_task


def canonical(task: NewTask, ordering: DefaultOrdering) -> JsonValue:
    """The task as its request's hash sees it: without defaults, so that adding a field later changes no hash."""
    return task.model_dump(mode="json", exclude_defaults=True) | ordering.chosen_key(task)


def new_record(new_task: NewTask, identity: Identity, now: datetime, ordering: DefaultOrdering) -> Record:
    """The first record of a task, with its message; `TooLarge` when the message would be too large."""
    task = ordering.keyed(new_task, identity.task_id)
    created_at = timestamp(now)
    posted = task.model_dump(mode="json", exclude_none=True)
    message = {**posted, "data": task.data, "task_id": identity.task_id, "created_at": created_at}
    return Record(
        task_id=identity.task_id,
        status=Status.QUEUED,
        ordering_key=task.ordering_key,
        type=task.type,
        priority=task.priority,
        created_at=created_at,
        body=_message_body(message),
        history=({"status": Status.QUEUED, "at": created_at},),
        request_hash=identity.request_hash,
        tenant=identity.tenant,
        batch_id=identity.batch_id,
    )


def _message_body(message: Mapping[str, Any]) -> str:
    """The task as the message carries it, in JSON; `Task` reads it."""
    body = strict_json.dumps(message)
    size = len(body.encode())
    if size > MAX_BODY_BYTES:
        raise too_large()
    at_most = 2 * size + 2  # each character has a backslash then
    if at_most > MAX_ESCAPED_BYTES and strict_json.escaped_size(body) > MAX_ESCAPED_BYTES:
        raise too_large()
    return body


def submit(record: Record, ports: Ports) -> Accepted:
    """Write the record, then send its message.

    In this order, nothing is processed that is not recorded, and a record that was never sent can be sent again.
    """
    ports.queue.check()
    accepted = write(record, ports.records)
    send(accepted.record, ports.queue)
    return accepted


def write(record: Record, records: RecordStore) -> Accepted:
    """Write the record, or find the one that an earlier request with the same idempotency key wrote."""
    kept = records.put_new(record)
    if kept is record or kept == record:
        return Accepted(record=record, replayed=False)
    if record.request_hash is None:
        raise RuntimeError(f"task id {record.task_id} was generated twice")
    if kept.request_hash != record.request_hash:
        raise key_reused()
    return Accepted(record=kept, replayed=True)


def send(record: Record, queue: TaskQueue) -> None:
    """Send the message of a task that may never have been sent.

    SQS drops it if it was sent in the last five minutes; if it was sent earlier, its claim finds the task already
    claimed. A redriven task has another message, which redrive sends.
    """
    if record.status is Status.QUEUED and not record.redrives:
        group = message_group(record.tenant, record.ordering_key)
        queue.send(body=record.body, group=group, deduplication_id=record.task_id)


def invalid_task(errors: Sequence[FieldError]) -> Invalid:
    """The rejection of an invalid task, which names each wrong field."""
    return Invalid("Invalid task", "The task was not accepted.", errors)


def key_reused() -> KeyReused:
    """The rejection of an idempotency key that belongs to another request."""
    return KeyReused(
        "Idempotency key reused",
        "This idempotency key was already used with a different payload. Use a new key for a new request.",
    )


def too_large() -> TooLarge:
    """The rejection of a task that would not fit through the pipe."""
    limit = f"{MAX_BODY_BYTES // 1024} KiB as JSON, or {MAX_ESCAPED_BYTES // 1024} KiB with its quotes escaped"
    return TooLarge(
        "Task too large",
        f"A task may be up to {limit}. Store large data elsewhere and put a reference in `data`.",
        [FieldError(field=BODY, message="is too large")],
    )
