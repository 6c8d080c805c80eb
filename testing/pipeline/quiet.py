"""Calls of handlers that write no logs, metrics or traces into a test's output."""

import inspect
import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import cache
from typing import Any

from functions.telemetry.observability import logger, metrics


@cache
def undecorated(handler: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """The handler without what Powertools adds around it."""
    return inspect.unwrap(handler)


@contextmanager
def quiet() -> Generator[None]:
    """Within it, the handlers' own logger is silent; afterwards it knows no more than before. Other loggers log on."""
    own = logging.getLogger(logger.name)
    before, own.disabled = own.disabled, True
    try:
        yield
    finally:
        own.disabled = before
        logger.remove_keys(["task_id", "attempt", "execution", "type"])
        metrics.clear_metrics()
