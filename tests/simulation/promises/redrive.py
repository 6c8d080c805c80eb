"""The promises about redriven tasks."""

import json
from collections.abc import Iterator
from itertools import combinations

from tests.simulation.world.work import OK
from tests.simulation.world.world import OPERATOR, RedriveCall, World


def redrive_violations(world: World) -> Iterator[str]:
    """A sentence for each broken promise about redriven tasks."""
    yield from _success_is_final(world)
    yield from _every_task_ended(world)
    yield from _no_undelivered_message_is_left(world)
    for call in world.journal.redrive_calls:
        yield from _in_original_order(world, call)


def _success_is_final(world: World) -> Iterator[str]:
    succeeded: set[str] = set()
    for write in world.journal.writes:
        if write.task_id in succeeded:
            yield f"{write.task_id} had succeeded, but {write.execution} made it {write.status}"
        if write.status == "succeeded":
            succeeded.add(write.task_id)


def _every_task_ended(world: World) -> Iterator[str]:
    for task in world.journal.accepted:
        status = world.record(task.task_id).get("status")
        if status == "cancelled":
            continue
        if status != "succeeded" and task.plan[-1] == OK:
            yield f"{task.task_id} could succeed, but is {status!r} after the last redrive"
        if status not in ("succeeded", "failed"):
            yield f"{task.task_id} is {status!r} after the last redrive"


def _no_undelivered_message_is_left(world: World) -> Iterator[str]:
    for message in world.dead_letters.messages:
        body = json.loads(message.body)
        if "message" not in body and world.record(body["task_id"]).get("status") != "failed":
            yield f"the undelivered message of {body['task_id']} was not redriven"


def _in_original_order(world: World, call: RedriveCall) -> Iterator[str]:
    accepted = {task.task_id: task for task in world.journal.accepted}
    known = [task_id for task_id in call.task_ids if task_id in accepted]
    for before, after in combinations(known, 2):
        if accepted[before].queue != accepted[after].queue:
            continue
        if accepted[after].precedes(accepted[before]):
            yield f"{after} was accepted before {before}, but redriven after it"
        elif accepted[before].halts or accepted[after].halts:
            continue  # the gate of their key decides
        elif _redriven_only_by(world, call, before) and _redriven_only_by(world, call, after):
            first, second = (_next_claim(world, task_id) for task_id in (before, after))
            if second is not None and (first is None or first > second):
                yield f"{after} was redriven after {before}, but claimed before it"


def _redriven_only_by(world: World, call: RedriveCall, task_id: str) -> bool:
    """Whether nothing but this call has decided the task's position in its group."""
    marks = [write for write in world.journal.writes if write.task_id == task_id and write.execution == OPERATOR]
    others = [other for other in world.journal.redrive_calls if other is not call and task_id in other.task_ids]
    undelivered = any(json.loads(message.body).get("task_id") == task_id for message in world.queue.undelivered)
    return len(marks) == 1 and not others and not undelivered


def _next_claim(world: World, task_id: str) -> int | None:
    """The position in the journal of the first claim after the operator marked the task."""
    marked = False
    for position, write in enumerate(world.journal.writes):
        if write.task_id == task_id and write.execution == OPERATOR:
            marked = True
        elif write.task_id == task_id and marked and write.status == "processing":
            return position
    return None
