"""The streams that logs are written to, and how much of them is kept."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from types_boto3_logs import CloudWatchLogsClient

    from local.emulator.lean_client import LeanClient

# The emulator has no retention, keeps all logs in memory and writes them out at each stop: 47 KB for a task whose
# execution is logged with its data. So the laptop keeps only the latest, and some thousand lines per function.
KEPT_BYTES: Final = 4_000_000
FUNCTION_KEPT_BYTES: Final = 1_000_000
# To delete a stream the emulator walks through all lines that it holds, so a few large streams are better than many.
PARTS: Final = 2


def _now() -> datetime:
    return datetime.now(UTC)


class Streams:
    """The current stream of each source. A new one follows when it is full or its period is over.

    For one thread only. The period, which the name starts with, is an hour for a machine and a day for a function.
    """

    def __init__(self, logs: CloudWatchLogsClient | LeanClient, now: Callable[[], datetime] = _now) -> None:
        self._logs: Any = logs
        self._now = now
        self._current: dict[tuple[str, str], tuple[str, int]] = {}

    def take(self, group: str, source: str, size: int) -> str:
        """The name of an existing stream with room for `size` more bytes of the source's log."""
        kept = KEPT_BYTES if source else FUNCTION_KEPT_BYTES
        stream, written = self._current.get((group, source), ("", kept))
        if written >= kept / PARTS or not stream.startswith(_period(source, self._now())):
            self._delete_oldest(group, kept)
            stream, written = self._create(group, source), 0
        self._current[group, source] = stream, written + size
        return stream

    def forget(self, group: str, source: str) -> None:
        """Use a new stream the next time: something is wrong with this one or its group."""
        self._current.pop((group, source), None)

    def _create(self, group: str, source: str) -> str:
        stream = stream_name(source, self._now())
        self._logs.create_log_stream(logGroupName=group, logStreamName=stream)
        return stream

    def _delete_oldest(self, group: str, most: int) -> None:
        pages = self._logs.get_paginator("describe_log_streams").paginate(logGroupName=group)
        streams: list[dict[str, Any]] = [stream for page in pages for stream in page["logStreams"]]
        kept = 0
        for stream in sorted(streams, key=_age, reverse=True):
            kept += stream["storedBytes"]
            if kept > most:
                with contextlib.suppress(self._logs.exceptions.ResourceNotFoundException):
                    self._logs.delete_log_stream(logGroupName=group, logStreamName=stream["logStreamName"])


def stream_name(source: str, now: datetime) -> str:
    """A name in AWS's format, for a machine or for a function."""
    # AWS ends a machine's streams in eight hexadecimal digits too. Random ones never meet those of an earlier start.
    last = uuid.uuid4().hex[:8] if source else f"[$LATEST]{uuid.uuid4().hex}"
    return _period(source, now) + last


def _period(source: str, now: datetime) -> str:
    return f"{source}/{now:%Y-%m-%d-%H}/" if source else f"{now:%Y/%m/%d}/"


def _age(stream: dict[str, Any]) -> int:
    return stream["creationTime"]
