"""The promises about keys that halt, and about gates."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

from tests.simulation.world.gates import SETTLED
from tests.simulation.world.world import Accepted, Effect, World

_OUTCOMES = (*SETTLED, "failed")


def gate_violations(world: World) -> Iterator[str]:
    """A sentence for each broken promise about gates, once every key was repaired."""
    yield from world.gate_watch.broken
    yield from world.journal.stuck
    yield from _no_gate_is_left(world)
    yield from _nothing_passes_a_failure(world)
    yield from _nothing_passes_what_takes_long(world)
    yield from _nothing_runs_beside_another(world)


def _no_gate_is_left(world: World) -> Iterator[str]:
    for group, place in sorted(world.gates.items):
        yield f"{place} of {group} is left after every key was opened"


def _nothing_passes_a_failure(world: World) -> Iterator[str]:
    """While a task that halts its key is not settled, nothing runs that came after it."""
    undelivered = {message.body for message in world.queue.undelivered}
    strict = [task for task in world.journal.accepted if task.halts]
    by_id = {task.task_id: task for task in world.journal.accepted}
    for effect in world.journal.effects:
        after = by_id.get(effect.task_id)
        if after is None:
            continue
        for before in strict:
            if before.queue == after.queue and before.precedes(after) and not _is_settled(world, before, effect):
                if any(before.task_id in body for body in undelivered):
                    continue  # SQS gave up on its message: until it is redriven, those after it pass
                yield f"{after.task_id} ran although {before.task_id}, before it in a key that halts, was not settled"


def _nothing_passes_what_takes_long(world: World) -> Iterator[str]:
    """While a task that takes long is processed, nothing of its key runs."""
    by_id = {task.task_id: task for task in world.journal.accepted}
    for effect in world.journal.effects:
        ran = by_id.get(effect.task_id)
        if ran is None:
            continue
        for task in world.journal.accepted:
            if task.takes_long and task is not ran and task.queue == ran.queue and _is_processed(world, task, effect):
                yield f"{effect.task_id} ran while {task.task_id}, which takes long, was processed in its key"


def _is_processed(world: World, task: Accepted, effect: Effect) -> bool:
    """Whether an execution of the machine for such tasks had the task when the effect took place."""
    writes = [write for write in world.journal.writes[: effect.writes] if write.task_id == task.task_id]
    return bool(writes) and writes[-1].status == "processing" and not world.executions.has_ended(writes[-1].execution)


def _nothing_runs_beside_another(world: World) -> Iterator[str]:
    """A task that takes long is handed over to one execution at a time.

    Another starts when that one has recorded an outcome, or has ended without. A failed task may be redriven at once.
    """
    outcomes = {write.execution: write.at for write in world.journal.writes if write.status in _OUTCOMES}
    held = [replace(one, ended=outcomes.get(one.name, one.ended)) for one in world.executions.known.values()]
    for first, second in combinations(held, 2):
        if first.task_id == second.task_id and first.overlaps(second):
            yield f"{first.name} and {second.name} had the same task at once"


def _is_settled(world: World, before: Accepted, effect: Effect) -> bool:
    """Whether the task had come to its end when the effect took place, or an operator had skipped it."""
    skipped = world.journal.skipped.get(before.task_id)
    if skipped is not None and skipped <= effect.writes:
        return True
    statuses = [write.status for write in world.journal.writes[: effect.writes] if write.task_id == before.task_id]
    return bool(statuses) and statuses[-1] in SETTLED
