"""The promises about cancelled tasks."""

from collections.abc import Iterator

from tests.simulation.world.world import CANCELLER, World, Write


def cancel_violations(world: World) -> Iterator[str]:
    """A sentence for each broken promise about cancelled tasks."""
    for position, write in enumerate(world.journal.writes):
        if write.execution == CANCELLER:
            yield from _was_waiting(world, position)
            yield from _stays_cancelled(world, position)
    for task_id in sorted(world.journal.cancelled):
        if world.record(task_id).get("status") != "cancelled":
            yield f"cancelling {task_id} returned 200, but its status is {world.record(task_id).get('status')!r}"


def _was_waiting(world: World, position: int) -> Iterator[str]:
    task_id = world.journal.writes[position].task_id
    before = [write for write in world.journal.writes[:position] if write.task_id == task_id]
    if before and before[-1].status not in ("queued", "parked") and not _was_stopped(world, before[-1]):
        yield f"{task_id} was {before[-1].status}, but was cancelled anyway"


def _was_stopped(world: World, last: Write) -> bool:
    """Whether the task was processed by an execution that somebody has stopped."""
    return last.status == "processing" and world.executions.has_ended(last.execution)


def _stays_cancelled(world: World, position: int) -> Iterator[str]:
    task_id = world.journal.writes[position].task_id
    for later in world.journal.writes[position + 1 :]:
        if later.task_id == task_id:
            yield f"{task_id} was cancelled, but {later.execution} made it {later.status} afterwards"
    if any(effect.task_id == task_id and effect.writes > position for effect in world.journal.effects):
        yield f"{task_id} was cancelled, but ran afterwards"
    if "failed_key" in world.record(task_id):
        yield f"{task_id} was cancelled, but is still in the index of failed tasks"
