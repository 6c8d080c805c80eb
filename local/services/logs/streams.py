"""The streams that logs are written to, and how much of them is kept."""

from __future__ import annotations

import contextlib
import uuid
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


class Streams:
    """The current stream of each source; a full one is followed by a new one. For one thread only."""

    def __init__(self, logs: CloudWatchLogsClient | LeanClient) -> None:
        self._logs: Any = logs
        self._current: dict[tuple[str, str], tuple[str, int]] = {}

    def take(self, group: str, source: str, size: int) -> str:
        """The name of an existing stream with room for `size` more bytes of the source's log."""
        kept = KEPT_BYTES if source else FUNCTION_KEPT_BYTES
        stream, written = self._current.get((group, source), ("", kept))
        if written >= kept / PARTS:
            self._delete_oldest(group, kept)
            stream, written = self._create(group, source), 0
        self._current[group, source] = stream, written + size
        return stream

    def forget(self, group: str, source: str) -> None:
        """Use a new stream the next time: something is wrong with this one or its group."""
        self._current.pop((group, source), None)

    def _create(self, group: str, source: str) -> str:
        stream = stream_name(source, datetime.now(UTC))
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
    if source:
        return f"{source}/{now:%Y-%m-%d-%H-%M}/{uuid.uuid4().hex[:8]}"
    return f"{now:%Y/%m/%d}/[$LATEST]{uuid.uuid4().hex}"


def _age(stream: dict[str, Any]) -> int:
    return stream["creationTime"]
