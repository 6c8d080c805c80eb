"""Deliberate mistakes with tasks that have no order; see `catalog.py`."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any
from unittest import mock

from functions.tasks.intake.ordering import DefaultOrdering
from functions.tasks.model import DEFAULT_ORDERING_KEY
from functions.tasks.redrive.state import Mark
from functions.tasks.tenancy import message_group

Patch = AbstractContextManager[Any]


def _keeps_one_key() -> Patch:
    return mock.patch.object(DefaultOrdering, "keyed", lambda _, task, __: task)


def _shares_a_group() -> Patch:
    """One key of their own for all of them."""
    return mock.patch.object(
        DefaultOrdering, "keyed", lambda _, task, __: task.model_copy(update={"ordering_key": "unordered"})
    )


def _redrives_into_the_default_group() -> Patch:
    return mock.patch.object(Mark, "group", property(lambda self: message_group(self.tenant, DEFAULT_ORDERING_KEY)))


ORDERING_MISTAKES: Mapping[str, Callable[[], Patch]] = {
    "tasks without an order keep the default key": _keeps_one_key,
    "all tasks without an order share one message group": _shares_a_group,
    "a redriven task without an order goes to the group of the default key": _redrives_into_the_default_group,
}
