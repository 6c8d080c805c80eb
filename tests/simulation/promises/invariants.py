"""What must hold when everything has settled, whatever went wrong on the way."""

import json
from collections import Counter
from collections.abc import Iterator
from itertools import groupby, permutations
from typing import Any

from tests.simulation.promises.cancelling import cancel_violations
from tests.simulation.promises.idempotency import idempotency_violations
from tests.simulation.promises.redrive import redrive_violations
from tests.simulation.world.fifo import DEDUPLICATION_SECONDS
from tests.simulation.world.world import CANCELLER, OPERATOR, Accepted, World, Write

TERMINAL = {"succeeded", "failed", "cancelled"}


def violations(world: World, fair_from: float, *, redriven: bool = False) -> Iterator[str]:
    """Every broken promise, in a sentence. From `fair_from` on (virtual seconds) nothing went wrong from outside.

    `redriven` when operators put failed tasks back and the last one went on until nothing more could be mended.
    """
    if redriven:
        yield from redrive_violations(world)
    yield from idempotency_violations(world)
    yield from cancel_violations(world)
    yield from _nothing_is_lost(world)
    yield from _nothing_is_left_over(world)
    yield from _terminal_exactly_once(world)
    yield from _first_effects_in_order(world)
    yield from _fenced(world)
    yield from _no_effect_without_the_lease(world)
    yield from _leases_are_respected(world)
    yield from _given_up_only_in_foul_weather(world, fair_from)
    yield from _dead_letters_are_the_failures(world)
    yield from _one_letter_a_failure(world)
    yield from _letters_are_whole(world)


def calm_violations(world: World) -> Iterator[str]:
    """What must hold beside all that when nothing went wrong from outside: each task went exactly as planned."""
    runs = Counter(effect.task_id for effect in world.journal.effects)
    for task in world.journal.accepted:
        record = world.record(task.task_id)
        cancelled = record.get("status") == "cancelled"
        status, expected_runs = ("cancelled", 0) if cancelled else _planned(task.plan)
        if record.get("status") != status:
            yield f"{task.task_id} was planned as {task.plan} and is {record.get('status')!r}"
        if runs[task.task_id] != expected_runs:
            yield f"{task.task_id} was planned as {task.plan} and ran {runs[task.task_id]} times"
        if record.get("attempts") != str(expected_runs):
            yield f"{task.task_id} ran {expected_runs} times and says {record.get('attempts')} attempts"
    for task_id in sorted(_given_up(world)):
        yield f"the message of {task_id} was given up although nothing went wrong"


def _planned(plan: tuple[str, ...]) -> tuple[str, int]:
    """How a task of this plan ends, and after how many runs."""
    patience = {"VALIDATION": 0, "UNKNOWN": 1, "NETWORK": 3, "SYSTEM": 3, "RATE_LIMIT": 3}
    for run in range(1, 10):
        ending = plan[min(run, len(plan)) - 1]
        if ending == "OK":
            return "succeeded", run
        if run > patience[ending]:
            return "failed", run
    raise AssertionError(f"the plan {plan} never ends")


def _nothing_is_lost(world: World) -> Iterator[str]:
    given_up = _given_up(world)
    for task in world.journal.accepted:
        status = world.record(task.task_id).get("status")
        if status not in TERMINAL and task.task_id not in given_up:
            yield f"{task.task_id} was accepted, is {status!r}, and no message is left to finish it"


def _nothing_is_left_over(world: World) -> Iterator[str]:
    for message in world.queue.messages:
        yield f"{message.message_id} is still queued when everything should have settled"


def _terminal_exactly_once(world: World) -> Iterator[str]:
    ended: set[str] = set()
    for write in world.journal.writes:
        if write.status in TERMINAL and write.task_id in ended:
            yield f"{write.task_id} ended twice"
        if write.status in TERMINAL:
            ended.add(write.task_id)
        elif write.execution == OPERATOR:
            ended.discard(write.task_id)


def _first_effects_in_order(world: World) -> Iterator[str]:
    first: dict[str, int] = {}
    given_up = _given_up(world)
    for position, effect in enumerate(world.journal.effects):
        first.setdefault(effect.task_id, position)
    given_up = {json.loads(message.body).get("task_id") for message in world.queue.given_up}
    in_turn = [task for task in world.journal.accepted if task.task_id not in given_up]
    by_key = sorted(in_turn, key=lambda task: task.ordering_key)
    for key, tasks in groupby(by_key, key=lambda task: task.ordering_key):
        # A message that SQS gave up lets the next one pass while an execution may still be at work on it.
        kept = [task for task in tasks if task.task_id in first and task.task_id not in given_up]
        yield from _in_order(key, kept, first)


def _in_order(key: str, tasks: list[Accepted], first: dict[str, int]) -> Iterator[str]:
    for before, after in permutations(tasks, 2):
        if before.came_before(after) and first[before.task_id] > first[after.task_id]:
            yield f"key {key}: {after.task_id} had its first effect before {before.task_id}, accepted earlier"


def _fenced(world: World) -> Iterator[str]:
    owner: dict[str, str] = {}
    for write in world.journal.writes:
        if write.status == "processing" or write.execution in (OPERATOR, CANCELLER):
            owner[write.task_id] = write.execution
        elif owner.get(write.task_id) != write.execution:
            yield f"{write.task_id} was written by {write.execution} after {owner.get(write.task_id)} had claimed it"


def _no_effect_without_the_lease(world: World) -> Iterator[str]:
    """An execution that was held up past its lease must not work any more: another one may have claimed the task."""
    for effect in world.journal.effects:
        earlier = world.journal.writes[: effect.writes]
        owner = next((w.execution for w in reversed(earlier) if w.task_id == effect.task_id), None)
        if owner != effect.execution:
            yield f"{effect.task_id} was worked on by {effect.execution} after {owner} had claimed it"


def _leases_are_respected(world: World) -> Iterator[str]:
    leases: dict[str, Write] = {}
    for write in world.journal.writes:
        lease = leases.get(write.task_id)
        if lease and write.execution == OPERATOR and write.at < lease.lease_until:
            yield f"{write.task_id} was redriven while {lease.execution} had the lease"
        if write.status != "processing":
            leases.pop(write.task_id, None)
            continue
        if lease and lease.execution != write.execution and write.at < lease.lease_until:
            yield f"{write.task_id} was claimed by {write.execution} while {lease.execution} had the lease"
        leases[write.task_id] = write


def _given_up_only_in_foul_weather(world: World, fair_from: float) -> Iterator[str]:
    for message in world.queue.given_up:
        if message.received_at >= fair_from:
            yield f"{message.message_id} was delivered when nothing went wrong any more, and given up all the same"


def _dead_letters_are_the_failures(world: World) -> Iterator[str]:
    failed = {task_id for task_id in world.table.items if world.record(task_id)["status"] == "failed"}
    lettered = {dead_letter["task_id"] for dead_letter in _letters(world)}
    for task_id in sorted(failed - lettered - _given_up(world)):
        yield f"{task_id} failed and has no dead letter"
    for task_id in sorted(lettered - failed):
        yield f"{task_id} has a dead letter and is {world.record(task_id).get('status')!r}"


def _one_letter_a_failure(world: World) -> Iterator[str]:
    """A dead letter sent again within the five minutes that SQS remembers must carry the same deduplication id."""
    last: dict[tuple[str, int], float] = {}
    for message in world.dead_letters.messages:
        dead_letter = json.loads(message.body)
        if "message" in dead_letter:
            failure = dead_letter["task_id"], dead_letter["attempts"]
            if message.sent_at - last.get(failure, -DEDUPLICATION_SECONDS) < DEDUPLICATION_SECONDS:
                yield f"{dead_letter['task_id']} has two dead letters for one failure"
            last[failure] = message.sent_at


def _letters_are_whole(world: World) -> Iterator[str]:
    for dead_letter in _letters(world):
        if dead_letter["message"]["body"] != world.record(dead_letter["task_id"]).get("body"):
            yield f"the dead letter of {dead_letter['task_id']} does not hold its original message"
        if not {"class", "type", "message"} <= dead_letter["error"].keys():
            yield f"the dead letter of {dead_letter['task_id']} does not say why"


def _given_up(world: World) -> set[str]:
    """Tasks whose message SQS itself moved to the dead-letter queue, after too many receives."""
    return {body["task_id"] for body in _dead_bodies(world) if "message" not in body}


def _letters(world: World) -> list[dict[str, Any]]:
    return [body for body in _dead_bodies(world) if "message" in body]


def _dead_bodies(world: World) -> list[dict[str, Any]]:
    return [json.loads(message.body) for message in world.dead_letters.messages]
