"""What must hold when everything has settled, whatever faults occurred."""

import json
from collections import Counter
from collections.abc import Iterator
from itertools import groupby, permutations
from typing import Any

from testing.pipeline.machine import MAX_DELIVERIES
from testing.services.fifo import DEDUPLICATION_SECONDS
from tests.simulation.promises.cancelling import cancel_violations
from tests.simulation.promises.idempotency import idempotency_violations
from tests.simulation.promises.ordering import unordered_violations
from tests.simulation.promises.redrive import redrive_violations
from tests.simulation.promises.tenancy import tenancy_violations
from tests.simulation.world.world import CANCELLER, GATE, OPERATOR, Accepted, Effect, World, Write

TERMINAL = {"succeeded", "failed", "cancelled"}
BY_OTHERS = (OPERATOR, GATE, CANCELLER)


def violations(world: World, faults_end: float, *, operators: bool = False) -> Iterator[str]:
    """A sentence for each broken promise. From `faults_end` on (virtual seconds) no faults occurred.

    `operators` if there were operators: the last of them redrove failed tasks until no more could succeed.
    """
    if operators:
        yield from redrive_violations(world)
    yield from idempotency_violations(world)
    yield from cancel_violations(world)
    yield from tenancy_violations(world)
    yield from unordered_violations(world)
    yield from _nothing_is_lost(world)
    yield from _no_message_is_left(world)
    yield from _every_task_ends_once(world)
    yield from _first_effects_are_in_order(world)
    yield from _writes_are_fenced(world)
    yield from _effects_need_the_lease(world)
    yield from _leases_are_respected(world)
    yield from _deliveries_without_outcome_are_limited(world)
    yield from _every_message_is_delivered_without_faults(world, faults_end)
    yield from _dead_letters_match_the_failures(world)
    yield from _one_dead_letter_per_failure(world)
    yield from _dead_letters_are_complete(world)


def faultless_violations(world: World, *, throttled: bool) -> Iterator[str]:
    """What must hold as well when nothing failed, or only capacity was short: each task went as planned.

    Where a task is `throttled` for too long between its runs, its retry policy starts anew with the next delivery.
    Until then it is queued, and can be cancelled although it has run.
    """
    runs = Counter(effect.task_id for effect in world.journal.effects)
    for task in world.journal.accepted:
        record = world.record(task.task_id)
        cancelled = record.get("status") == "cancelled"
        status, expected_runs = ("cancelled", 0) if cancelled else _expected_outcome(task.plan)
        if record.get("status") != status:
            yield f"{task.task_id} was planned as {task.plan}, but is {record.get('status')!r}"
        more = throttled and status in ("failed", "cancelled") and runs[task.task_id] > expected_runs
        if runs[task.task_id] != expected_runs and not more:
            yield f"{task.task_id} was planned as {task.plan}, but ran {runs[task.task_id]} times"
        if record.get("attempts") != str(runs[task.task_id]):
            yield f"{task.task_id} ran {runs[task.task_id]} times, but its record says {record.get('attempts')}"
    for task_id in sorted(_undelivered(world)):
        yield f"SQS gave up on the message of {task_id}, but no task was at fault"


def _expected_outcome(plan: tuple[str, ...]) -> tuple[str, int]:
    """The status in which a task of this plan ends, and after how many runs."""
    retries = {"VALIDATION": 0, "UNKNOWN": 1, "NETWORK": 3, "SYSTEM": 3, "RATE_LIMIT": 3}
    for run in range(1, 10):
        planned = plan[min(run, len(plan)) - 1]
        if planned == "OK":
            return "succeeded", run
        if run > retries[planned]:
            return "failed", run
    raise AssertionError(f"the plan {plan} never ends")


def _nothing_is_lost(world: World) -> Iterator[str]:
    undelivered = _undelivered(world)
    for task in world.journal.accepted:
        status = world.record(task.task_id).get("status")
        if status not in TERMINAL and task.task_id not in undelivered:
            yield f"{task.task_id} was accepted, but is {status!r} and has no message left"


def _no_message_is_left(world: World) -> Iterator[str]:
    for message in world.queue.messages:
        yield f"{message.message_id} is still queued after everything should have settled"


def _every_task_ends_once(world: World) -> Iterator[str]:
    ended: set[str] = set()
    for write in world.journal.writes:
        if write.status in TERMINAL and write.task_id in ended:
            yield f"{write.task_id} ended twice"
        if write.status in TERMINAL:
            ended.add(write.task_id)
        elif write.execution == OPERATOR:
            ended.discard(write.task_id)


def _first_effects_are_in_order(world: World) -> Iterator[str]:
    first: dict[str, int] = {}
    for position, effect in enumerate(world.journal.effects):
        first.setdefault(effect.task_id, position)
    # When SQS gives up on a message, the next one passes it while an execution may still process it.
    undelivered = {json.loads(message.body).get("task_id") for message in world.queue.undelivered}
    kept = [task for task in world.journal.accepted if task.task_id in first and task.task_id not in undelivered]
    by_key = sorted(kept, key=lambda task: task.queue)
    for (_, key), tasks in groupby(by_key, key=lambda task: task.queue):
        yield from _in_order(world, key, list(tasks), first)


def _in_order(world: World, key: str, tasks: list[Accepted], first: dict[str, int]) -> Iterator[str]:
    for before, after in permutations(tasks, 2):
        passed = before.precedes(after) and first[before.task_id] > first[after.task_id]
        if passed and not _had_failed(world, before, world.journal.effects[first[after.task_id]]):
            yield f"key {key}: {after.task_id} had its first effect before the earlier {before.task_id}"


def _had_failed(world: World, task: Accepted, effect: Effect) -> bool:
    """Whether the task was given up before the effect, and lets its key go on: each of its executions had died."""
    writes = world.journal.writes[: effect.writes]
    return not task.halts and any(write.task_id == task.task_id and write.status == "failed" for write in writes)


def _writes_are_fenced(world: World) -> Iterator[str]:
    owner: dict[str, str] = {}
    for write in world.journal.writes:
        if write.status == "processing" or write.execution in (OPERATOR, CANCELLER, GATE):
            owner[write.task_id] = write.execution
        elif owner.get(write.task_id) != write.execution:
            yield f"{write.task_id} was written by {write.execution} after {owner.get(write.task_id)} had claimed it"


def _effects_need_the_lease(world: World) -> Iterator[str]:
    """An execution whose lease has expired must not run the task: another one may have claimed it."""
    for effect in world.journal.effects:
        earlier = world.journal.writes[: effect.writes]
        owner = next((w.execution for w in reversed(earlier) if w.task_id == effect.task_id), None)
        if owner != effect.execution:
            yield f"{effect.task_id} was run by {effect.execution} after {owner} had claimed it"


def _leases_are_respected(world: World) -> Iterator[str]:
    leases: dict[str, Write] = {}
    for write in world.journal.writes:
        lease = leases.get(write.task_id)
        if lease and write.execution in BY_OTHERS and write.at < lease.lease_until and not _has_ended(world, lease):
            yield f"{write.task_id} was redriven, parked or cancelled while {lease.execution} had the lease"
        if write.status != "processing":
            leases.pop(write.task_id, None)
            continue
        if lease and lease.execution != write.execution and write.at < lease.lease_until:
            yield f"{write.task_id} was claimed by {write.execution} while {lease.execution} had the lease"
        leases[write.task_id] = write


def _has_ended(world: World, lease: Write) -> bool:
    """Whether the owner of the lease is an execution that would have it for as long as it runs."""
    return world.executions.has_ended(lease.execution)


def _deliveries_without_outcome_are_limited(world: World) -> Iterator[str]:
    """A task is not run again after as many deliveries without an outcome as it may have: it can only fail.

    How often it is claimed has no limit: each execution that is to record the failure can die before it does.
    """
    claims: Counter[str] = Counter()
    position = 0
    for effect in world.journal.effects:
        _count_claims(world.journal.writes[position : effect.writes], claims)
        position = effect.writes
        if claims[effect.task_id] > MAX_DELIVERIES:
            yield f"{effect.task_id} was run after {claims[effect.task_id] - 1} deliveries without an outcome"


def _count_claims(writes: list[Write], claims: Counter[str]) -> None:
    """Count the claims of each task since its last outcome. One that found no processor is taken off again."""
    for write in writes:
        if write.status in TERMINAL or write.execution in (OPERATOR, CANCELLER):
            claims[write.task_id] = 0
        elif write.execution != GATE:
            claims[write.task_id] += 1 if write.status == "processing" else -1


def _every_message_is_delivered_without_faults(world: World, faults_end: float) -> Iterator[str]:
    for message in world.queue.undelivered:
        if message.received_at >= faults_end:
            yield f"{message.message_id} was received after all faults had ended, but SQS gave up on it"


def _dead_letters_match_the_failures(world: World) -> Iterator[str]:
    failed = {task_id for task_id in world.table.items if world.record(task_id)["status"] == "failed"}
    dead_lettered = {dead_letter["task_id"] for dead_letter in _dead_letters(world)}
    for task_id in sorted(failed - dead_lettered - _undelivered(world)):
        yield f"{task_id} failed, but has no dead letter"
    for task_id in sorted(dead_lettered - failed):
        yield f"{task_id} has a dead letter, but is {world.record(task_id).get('status')!r}"


def _one_dead_letter_per_failure(world: World) -> Iterator[str]:
    """A dead letter sent again within SQS's five-minute deduplication interval must have the same deduplication id."""
    last: dict[tuple[str, int], float] = {}
    for message in world.dead_letters.messages:
        dead_letter = json.loads(message.body)
        if "message" in dead_letter:
            failure = dead_letter["task_id"], dead_letter["attempts"]
            if message.sent_at - last.get(failure, -DEDUPLICATION_SECONDS) < DEDUPLICATION_SECONDS:
                yield f"{dead_letter['task_id']} has two dead letters for one failure"
            last[failure] = message.sent_at


def _dead_letters_are_complete(world: World) -> Iterator[str]:
    for dead_letter in _dead_letters(world):
        if dead_letter["message"]["body"] != world.record(dead_letter["task_id"]).get("body"):
            yield f"the dead letter of {dead_letter['task_id']} lacks the original message"
        if not {"class", "type", "message"} <= dead_letter["error"].keys():
            yield f"the dead letter of {dead_letter['task_id']} does not state the error"


def _undelivered(world: World) -> set[str]:
    """Tasks whose message is in the dead-letter queue because SQS gave up on it after too many receives."""
    return {body["task_id"] for body in _dead_bodies(world) if "message" not in body}


def _dead_letters(world: World) -> list[dict[str, Any]]:
    """The dead letters that the state machine sent."""
    return [body for body in _dead_bodies(world) if "message" in body]


def _dead_bodies(world: World) -> list[dict[str, Any]]:
    return [json.loads(message.body) for message in world.dead_letters.messages]
