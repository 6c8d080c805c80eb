"""Deliberate mistakes in keeping clients apart; see `catalog.py`."""

from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from unittest import mock

from functions.adapters.task_table import lists, records
from functions.adapters.task_table.indexes import list_keys, list_range
from functions.tasks.intake import submission
from functions.tasks.listing import pages
from functions.tasks.tenancy import EVERYTHING, Tenancy, View

Patch = AbstractContextManager[Any]


def _shows_everything() -> Patch:
    return mock.patch.object(View, "shows", return_value=True)


@contextmanager
def _lists_everything() -> Generator[None]:
    with (
        mock.patch.object(lists, "list_range", return_value=list_range(EVERYTHING)),
        mock.patch.object(lists, "list_prefix", return_value=""),
        mock.patch.object(pages, "_if_matching", lambda task, *_: (task,) if task else ()),
    ):
        yield


def _lists_by_time_alone() -> Patch:
    return mock.patch.object(records, "list_keys", lambda *given: list_keys(*given[:2]))


def _forgets_whose_task_it_is() -> Patch:
    return mock.patch.object(Tenancy, "tenant", return_value=None)


def _shares_groups() -> Patch:
    return mock.patch.object(submission, "message_group", lambda _, ordering_key: ordering_key)


TENANCY_MISTAKES: Mapping[str, Callable[[], Patch]] = {
    "a client reads the tasks of others": _shows_everything,
    "a client lists the tasks of others": _lists_everything,
    "a client's tasks are not in its own list": _lists_by_time_alone,
    "a record does not say whose task it is": _forgets_whose_task_it_is,
    "clients with the same ordering key share a message group": _shares_groups,
}
