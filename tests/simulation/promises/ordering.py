"""The promises to tasks that were submitted without a key."""

from collections.abc import Iterator

from tests.simulation.world.world import World


def unordered_violations(world: World) -> Iterator[str]:
    """A sentence for each task that waits for others, or can be taken for one of theirs, though it has no order."""
    for group, titles in world.journal.groups.items():
        if len(titles) > 1 and (waiting := titles & world.journal.unordered):
            yield f"{sorted(waiting)} have no order, but share the message group {group} with {len(titles) - 1} tasks"
    for task in world.journal.accepted:
        if task.ordering_key in world.journal.unordered and world.record(task.task_id)["ordering_key"] != task.task_id:
            yield f"{task.task_id} has no order, but its record is under another key than its own id"
