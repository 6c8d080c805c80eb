"""What must hold beside everything else when tasks are cancelled."""

from collections.abc import Iterator

from tests.simulation.world.world import CANCELLER, World


def cancel_violations(world: World) -> Iterator[str]:
    """Every promise of cancelling that was broken, in a sentence."""
    for position, write in enumerate(world.journal.writes):
        if write.execution == CANCELLER:
            yield from _was_queued(world, position)
            yield from _is_the_end(world, position)
    for task_id in sorted(world.journal.cancelled):
        if world.record(task_id).get("status") != "cancelled":
            yield f"{task_id} was said to be cancelled, and is {world.record(task_id).get('status')!r}"


def _was_queued(world: World, position: int) -> Iterator[str]:
    task_id = world.journal.writes[position].task_id
    before = [write.status for write in world.journal.writes[:position] if write.task_id == task_id]
    if before and before[-1] != "queued":
        yield f"{task_id} was {before[-1]}, and cancelled all the same"


def _is_the_end(world: World, position: int) -> Iterator[str]:
    task_id = world.journal.writes[position].task_id
    for later in world.journal.writes[position + 1 :]:
        if later.task_id == task_id:
            yield f"{task_id} was cancelled, and {later.execution} made it {later.status} all the same"
    if any(effect.task_id == task_id and effect.writes > position for effect in world.journal.effects):
        yield f"{task_id} was cancelled, and worked on all the same"
    if "failed_key" in world.record(task_id):
        yield f"{task_id} was cancelled, and still stands in the index of failed tasks"
