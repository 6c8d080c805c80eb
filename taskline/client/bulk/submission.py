"""The flow that submits many tasks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from taskline.client.basis.errors import TasklineError, UnexpectedReply, ValidationFailed
from taskline.client.bulk.cutting import LANES, Batch
from taskline.client.bulk.plan import Plan, Sent, not_submitted, rejected, to_try_again
from taskline.client.protocol import calls, failures
from taskline.client.protocol.commands import Collect, Collected, Emit, End, Flow, NextInput, Spawn
from taskline.client.protocol.retrying import Caller
from taskline.client.results.submission import Accepted, BatchItem, BatchReply, Outcome, Rejected

MAX_PREFIX = 235  # characters: a position is added, and a key has at most 255
_ACCEPTED = 202


@dataclass(frozen=True, kw_only=True)
class Submission:
    """How many tasks are submitted: at most `in_flight` batches side by side, with keys that begin with `prefix`."""

    caller: Caller
    in_flight: int
    prefix: str
    batch_id: str | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.in_flight <= LANES:
            raise ValueError(f"in_flight is {self.in_flight}; it can be 1 to {LANES}")
        if len(calls.checked_key(self.prefix)) > MAX_PREFIX:
            raise ValueError(f"an idempotency prefix has at most {MAX_PREFIX} characters")

    def run(self) -> Flow[None]:
        """Emit the outcome of each task of the input, in its order. Raises what ends the submission early."""
        plan = Plan(in_flight=self.in_flight, prefix=self.prefix, batch_id=self.batch_id)
        while True:
            yield from self._read(plan)
            for batch in plan.start():
                yield Spawn(name=batch, flow=self._send(batch, plan.key(batch)))
            for outcome in plan.known():
                yield Emit(value=outcome)
            if plan.is_over:
                break
            if plan.is_under_way:
                yield from self._collect(plan)
        if plan.failure is not None:
            raise plan.failure

    def _read(self, plan: Plan) -> Flow[None]:
        while plan.wants_input:
            try:
                item = yield NextInput()
            except Exception as error:  # the caller's iterable: what is under way is still waited for
                plan.failure = error
                return
            if item is End.OF_INPUT:
                plan.end()
            else:
                plan.add(item)

    def _collect(self, plan: Plan) -> Flow[None]:
        done: Collected = yield Collect()
        if done.error is not None:
            plan.fail(done.name, done.error)
        else:
            plan.collect(done.name, done.result)

    def _send(self, batch: Batch, key: str) -> Flow[Sent]:
        """Send a batch. If it is refused as a whole because of one of its tasks, send each of them alone."""
        try:
            reply = yield from self.caller.perform(calls.submit_tasks(batch.body(self.batch_id), key))
            return Sent(outcomes=list(_outcomes(batch, reply, key)))
        except ValidationFailed as error:
            if len(batch.items) == 1:
                return Sent(outcomes=rejected(batch, error, key))
        except TasklineError as error:
            return Sent(outcomes=rejected(batch, error, key), failure=error)
        return (yield from self._send_alone(batch))

    def _send_alone(self, batch: Batch) -> Flow[Sent]:
        """One by one, until one of them has to be tried again: those behind it stay behind it."""
        outcomes: list[Outcome] = []
        for one in batch.alone():
            key = f"{self.prefix}-{one.index}"
            if outcomes and (cause := to_try_again(outcomes)):
                outcomes += not_submitted(one, cause, key)
                continue
            sent = yield from self._send(one, key)
            outcomes += sent.outcomes
            if sent.failure is not None:
                return Sent(outcomes=outcomes, failure=sent.failure)
        return Sent(outcomes=outcomes)


def _outcomes(batch: Batch, reply: BatchReply, key: str) -> Iterator[Outcome]:
    if len(reply.results) != len(batch.items):
        message = f"POST /tasks/batch: {len(reply.results)} results for {len(batch.items)} tasks"
        raise UnexpectedReply(message, idempotency_key=key)
    for item, result in zip(batch.items, reply.results, strict=True):
        if result.status == _ACCEPTED and result.task is not None:
            yield Accepted(
                task=result.task,
                index=item.index,
                replayed=bool(result.replayed),
                idempotency_key=key,
                batch_id=reply.batch_id,
            )
        else:
            yield Rejected(index=item.index, error=_error(result, key), idempotency_key=key)


def _error(result: BatchItem, key: str) -> TasklineError:
    return failures.of_item(result.status, result.problem or {}, key)
