"""What must hold beside everything else when operators put failed tasks back."""

import json
from collections.abc import Iterator
from itertools import combinations

from tests.simulation.world.work import OK
from tests.simulation.world.world import OPERATOR, Redriven, World


def redrive_violations(world: World) -> Iterator[str]:
    """Every promise of redrive that was broken, in a sentence."""
    yield from _nothing_runs_after_its_success(world)
    yield from _everything_was_mended(world)
    yield from _nothing_undelivered_is_left(world)
    for call in world.journal.redriven:
        yield from _in_original_order(world, call)


def _nothing_runs_after_its_success(world: World) -> Iterator[str]:
    succeeded: set[str] = set()
    for write in world.journal.writes:
        if write.task_id in succeeded:
            yield f"{write.task_id} had succeeded, and {write.execution} made it {write.status} all the same"
        if write.status == "succeeded":
            succeeded.add(write.task_id)


def _everything_was_mended(world: World) -> Iterator[str]:
    for task in world.journal.accepted:
        status = world.record(task.task_id).get("status")
        if status == "cancelled":
            continue
        if status != "succeeded" and task.plan[-1] == OK:
            yield f"{task.task_id} was redriven until it could succeed, and is {status!r}"
        if status not in ("succeeded", "failed"):
            yield f"{task.task_id} is {status!r} after the last redrive"


def _nothing_undelivered_is_left(world: World) -> Iterator[str]:
    for message in world.dead_letters.messages:
        body = json.loads(message.body)
        if "message" not in body and world.record(body["task_id"]).get("status") != "failed":
            yield f"the undelivered message of {body['task_id']} was not redriven"


def _in_original_order(world: World, call: Redriven) -> Iterator[str]:
    keys = {task.task_id: task.ordering_key for task in world.journal.accepted}
    accepted = {task.task_id: task for task in world.journal.accepted}
    known = [task_id for task_id in call.task_ids if task_id in keys]
    for before, after in combinations(known, 2):
        if keys[before] != keys[after]:
            continue
        if accepted[after].came_before(accepted[before]):
            yield f"{after} was accepted before {before}, and redriven after it"
        elif _only_here(world, call, before) and _only_here(world, call, after):
            first, second = (_next_claim(world, call, task_id) for task_id in (before, after))
            if second is not None and (first is None or first > second):
                yield f"{after} was redriven behind {before}, and claimed before it"


def _only_here(world: World, call: Redriven, task_id: str) -> bool:
    """Whether its order since this call is this call's own doing."""
    marks = [write for write in world.journal.writes if write.task_id == task_id and write.execution == OPERATOR]
    others = [other for other in world.journal.redriven if other is not call and task_id in other.task_ids]
    given_up = any(json.loads(one.body).get("task_id") == task_id for one in world.queue.given_up)
    return len(marks) == 1 and not others and not given_up


def _next_claim(world: World, call: Redriven, task_id: str) -> int | None:
    """The place in the journal of the first claim after the mark."""
    marked = False
    for position, write in enumerate(world.journal.writes):
        if write.task_id == task_id and write.execution == OPERATOR:
            marked = True
        elif write.task_id == task_id and marked and write.status == "processing":
            return position
    return None
