"""The promises to clients that retry requests with an idempotency key."""

import json
from collections import Counter
from collections.abc import Iterator

from tests.simulation.world.world import OTHER_TITLE, World


def idempotency_violations(world: World) -> Iterator[str]:
    """A sentence for each broken promise to retrying clients."""
    yield from world.journal.unexpected_responses
    for title, ids in world.journal.accepted_ids.items():
        if len(ids) > 1:
            yield f"{title} was submitted again and became several tasks: {sorted(ids)}"
    titles = Counter(json.loads(item["body"]["S"])["title"] for item in world.table.items.values())
    for title, count in titles.items():
        if count > 1:
            yield f"{title} has {count} records"
    if titles[OTHER_TITLE]:
        yield "a used idempotency key was accepted with another payload"
