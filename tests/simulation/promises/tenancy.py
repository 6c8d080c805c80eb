"""The promises that keep clients apart."""

from collections.abc import Iterator

from functions.tasks.intake.idempotency import IdempotencyKey
from tests.simulation.world.world import CANCELLER, OTHER_TITLE, World


def tenancy_violations(world: World) -> Iterator[str]:
    """A sentence for each broken promise about tasks of other clients."""
    yield from world.journal.leaks
    yield from _only_owners_cancel(world)
    yield from _clients_have_their_own_groups(world)
    yield from _ids_cannot_be_computed(world)


def _only_owners_cancel(world: World) -> Iterator[str]:
    for write in world.journal.writes:
        if write.execution == CANCELLER and write.task_id not in world.journal.cancelled_by_owner:
            yield f"{write.task_id} was cancelled, but never by {world.owner(write.task_id)}, whose task it is"


def _clients_have_their_own_groups(world: World) -> Iterator[str]:
    group_of: dict[str, str] = {}
    for group, titles in world.journal.groups.items():
        callers = {world.journal.submitted_by[title] for title in titles - {OTHER_TITLE}}
        if len(callers) > 1:
            yield f"the clients {sorted(callers)} wait for each other in the message group {group}"
        for title in sorted(titles):
            if group_of.setdefault(title, group) != group:
                yield f"{title} was sent to two message groups"


def _ids_cannot_be_computed(world: World) -> Iterator[str]:
    """By someone who knows the code, the caller and the key, and guesses the secret."""
    for caller, text in sorted(world.journal.idempotency_keys):
        for tenant in (f"key:{caller}", caller, None):
            guess = IdempotencyKey(caller=tenant, text=text, secret=b"a guess")
            if any(guess.task_id(number) in world.table.items for number in range(3)):
                yield f"the ids of the tasks that {caller} submitted with {text} can be computed by others"
