"""What must hold when clients send requests again under the same idempotency key."""

import json
from collections import Counter
from collections.abc import Iterator

from tests.simulation.world.world import OTHER_TITLE, World


def idempotency_violations(world: World) -> Iterator[str]:
    """Every promise to retrying clients that was broken, in a sentence."""
    yield from world.journal.astonished
    for title, ids in world.journal.answers.items():
        if len(ids) > 1:
            yield f"{title} was handed in again and became another task each time: {sorted(ids)}"
    titles = Counter(json.loads(item["body"]["S"])["title"] for item in world.table.items.values())
    for title, count in titles.items():
        if count > 1:
            yield f"{title} is recorded {count} times"
    if titles[OTHER_TITLE]:
        yield "a key that was used before was taken for another payload"
