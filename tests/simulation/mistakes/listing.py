"""Mistakes in finding open tasks."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from unittest import mock

from functions.adapters.count_table import changes
from functions.adapters.task_table import failures, lists
from functions.adapters.task_table.indexes import status_shard
from functions.tasks.listing import opened
from functions.tasks.listing.opened import OpenSearch, Span
from functions.tasks.model import Status

Patch = AbstractContextManager[object]
_END = "~"


def _leaves_a_redriven_task_among_the_failed_ones() -> Patch:
    return mock.patch.object(failures, "status_shard", lambda _status, task_id: status_shard(Status.FAILED, task_id))


def _counts_an_ended_task_as_open() -> Patch:
    return mock.patch.object(changes, "OPEN", tuple(Status))


def _counts_a_claimed_task_as_closed() -> Patch:
    return mock.patch.object(changes, "OPEN", (Status.QUEUED,))


def _takes_the_last_seconds_for_counted() -> Patch:
    def of_tenant(self: OpenSearch, prefix: str, whole: Span) -> Iterator[Span]:
        return self._counted(prefix, whole)  # pyright: ignore[reportPrivateUsage]

    return mock.patch.multiple(OpenSearch, of_tenant=of_tenant, _uncounted=lambda *_: [])


def _trusts_counts_that_are_behind() -> Patch:
    return mock.patch.object(OpenSearch, "_uncounted", return_value=[])


def _overlooks_new_tenants() -> Patch:
    def of_everyone(self: OpenSearch, whole: Span) -> Iterator[Span]:
        for prefix in sorted(self.counts.prefixes(), reverse=True):
            own = whole.clipped(prefix, (prefix or ":") + _END)
            yield from self.of_tenant(prefix, own) if own else ()

    return mock.patch.object(OpenSearch, "of_everyone", of_everyone)


def _lists_a_task_twice_that_is_in_two_indexes() -> Patch:
    return mock.patch.object(lists, "_once", iter)


def _searches_the_slots_that_are_counted() -> Patch:
    compared = OpenSearch._compared  # pyright: ignore[reportPrivateUsage]

    def inverted(self: OpenSearch, prefix: str, found: opened.Entries) -> Mapping[str, bool]:
        return {slot: not behind for slot, behind in compared(self, prefix, found).items()}

    return mock.patch.object(OpenSearch, "_compared", inverted)


LISTING_MISTAKES: Mapping[str, Callable[[], Patch]] = {
    "a redriven task stays listed among the failed ones": _leaves_a_redriven_task_among_the_failed_ones,
    "a task that has ended stays open in the counts": _counts_an_ended_task_as_open,
    "a task that is claimed is no longer open in the counts": _counts_a_claimed_task_as_closed,
    "a list of open tasks takes the last seconds for counted": _takes_the_last_seconds_for_counted,
    "a list of open tasks trusts counts that are behind": _trusts_counts_that_are_behind,
    "a list of open tasks searches what is counted": _searches_the_slots_that_are_counted,
    "a list of all open tasks overlooks new tenants": _overlooks_new_tenants,
    "a redriven task is listed twice": _lists_a_task_twice_that_is_in_two_indexes,
}
