"""An open loop: tasks are submitted at a rate, whether or not the earlier ones have been answered."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

MOST_IN_FLIGHT = 256  # requests; what would be more is not sent, and counted

Submit = Callable[[Mapping[str, Any], str], Awaitable[Any]]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """`rate` tasks per second for `seconds`, over `keys` ordering keys in turn. `run` makes the keys new."""

    rate: float
    seconds: float
    keys: int
    run: str
    task: Mapping[str, Any]

    @property
    def total(self) -> int:
        """How many tasks are due."""
        return max(1, round(self.rate * self.seconds))

    def key(self, number: int) -> str:
        """The ordering key of a task."""
        return f"load-{self.run}-{number % self.keys}"

    def key_names(self) -> list[str]:
        """All ordering keys that are used."""
        return [self.key(number) for number in range(min(self.keys, self.total))]


@dataclass(kw_only=True)
class Sent:
    """What was sent: the time that each accepted request took, in seconds, and the errors by name."""

    accepted: list[float] = field(default_factory=list[float])
    errors: Counter[str] = field(default_factory=Counter[str])
    not_sent: int = 0
    seconds: float = 0.0


async def generate(plan: Plan, submit: Submit, progress: Callable[[Sent], None]) -> Sent:
    """Submit the plan's tasks, each when it is due."""
    sent, running = Sent(), set[asyncio.Task[None]]()
    started = time.monotonic()
    for number in range(plan.total):
        await asyncio.sleep(max(0.0, started + number / plan.rate - time.monotonic()))
        if len(running) >= MOST_IN_FLIGHT:
            sent.not_sent += 1
            continue
        request = asyncio.create_task(_one(plan, number, submit, sent))
        running.add(request)
        request.add_done_callback(running.discard)
        progress(sent)
    await asyncio.gather(*running)
    sent.seconds = time.monotonic() - started
    return sent


async def _one(plan: Plan, number: int, submit: Submit, sent: Sent) -> None:
    started = time.monotonic()
    task = {**plan.task, "title": f"Load {plan.run} {number}", "ordering_key": plan.key(number)}
    try:
        await submit(task, f"load-{plan.run}-{number}")
    except Exception as error:  # counted: a stage under load may refuse, and that is a result
        sent.errors[type(error).__name__] += 1
    else:
        sent.accepted.append(time.monotonic() - started)
