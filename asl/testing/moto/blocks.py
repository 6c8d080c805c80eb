"""The block in which moto answers StartSyncExecution."""

import warnings
from collections import ChainMap
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

import moto

from asl.testing.moto.executions import SyncExecutions
from asl.testing.moto.functions import Function
from asl.testing.moto.hook import HOOK


class MotoAnswersItself(UserWarning):
    """This moto has StartSyncExecution, so the runner steps aside."""


@contextmanager
def sync_executions(
    functions: Mapping[str, Function] | None = None,
    *,
    real_time: bool = False,
    seed: int | None = None,
    override: bool = False,
) -> Generator[SyncExecutions]:
    """Let moto answer StartSyncExecution while the block or the decorated function runs, in any thread.

    `functions` are the Lambda functions, by name or by `name:alias`, as they take event and context; a block inside
    another has the outer one's functions, too. Waits and back-offs take no time unless `real_time` is set. `seed`
    makes jitter and random values repeatable. Where moto has the action itself, it keeps it, with the warning
    `MotoAnswersItself`, unless `override` is set.
    """
    outer: Any = HOOK.newest
    scopes: list[Any] = [dict(functions or {}), *(outer.functions.maps if outer else [])]
    runs = SyncExecutions(ChainMap(*scopes), real_time=real_time, seed=seed)
    if HOOK.moto_answers() and not override:
        message = f"moto {moto.__version__} answers StartSyncExecution itself; override=True lets the runner do it"
        warnings.warn(message, MotoAnswersItself, stacklevel=3)
        yield runs
        return
    HOOK.enter(runs)
    try:
        yield runs
    finally:
        HOOK.leave(runs)
