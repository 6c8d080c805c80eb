"""Ordering keys: open, or closed by their gate."""

from __future__ import annotations

from dataclasses import dataclass, field

from taskline.client.results.base import Result, each, read_by


@dataclass(frozen=True, kw_only=True)
class Key(Result):
    """An ordering key: `open` (its tasks run) or `closed` (they are parked).

    `cause` says why it is closed: `failed` (its task `head` has failed, and has to succeed or to be skipped), `held`
    (by an operator, for `reason`), `running` (`head` takes long) or `draining` (parked tasks run one by one). `parked`
    is how many there are, `since` when it was closed.
    """

    key: str
    state: str
    tenant: str | None = None
    cause: str | None = None
    head: str | None = None
    parked: int | None = None
    since: str | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class KeyPage(Result):
    """A page of closed keys, the longest closed first; `cursor` leads to the next one, None on the last."""

    keys: tuple[Key, ...] = field(metadata=read_by(each(Key.read)))
    cursor: str | None = None
