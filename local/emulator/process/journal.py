"""The journal: what tables, streams and queues hold that the emulator has not saved.

An SQLite database in WAL mode. A write is committed before its response is sent, so that it survives the death of any
process; `sync` makes it survive a power cut, too. Rows hold what an item or a message is now, not its history.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from local.host.files import sync

SCHEMA = """
CREATE TABLE IF NOT EXISTS items (
    source TEXT, partition TEXT, sort TEXT, item TEXT, PRIMARY KEY (source, partition, sort)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS changes (
    source TEXT, sequence TEXT, record TEXT, PRIMARY KEY (source, sequence)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS messages (
    place INTEGER PRIMARY KEY, source TEXT, id TEXT, sequence INTEGER, message TEXT, state TEXT, UNIQUE (source, id)
);
"""
CHANGE_MESSAGE = """
INSERT INTO messages VALUES (NULL, ?, ?, 0, '{}', ?) ON CONFLICT (source, id) DO UPDATE SET state = excluded.state
"""
DELETE_MESSAGE = """
INSERT INTO messages VALUES (NULL, ?, ?, 0, NULL, NULL) ON CONFLICT (source, id) DO UPDATE SET message = NULL
"""
TABLES = ("items", "changes", "messages")


class JournalUnavailable(Exception):
    """The journal cannot be written: the disk is full, or broken. What was not written is kept, and tried again."""


class Item(NamedTuple):
    """One item of a table; `item` is None if it was deleted."""

    partition: Any
    sort: Any
    item: Any


class Message(NamedTuple):
    """One message of a queue, None if it was deleted, and the queue's sequence number when it was added."""

    id: str
    sequence: int
    message: dict[str, Any] | None


class Journal:
    """Belongs to one thread. `source` is always the ARN of a table or queue.

    Changes are gathered, and written by `commit`; `sync` may run in another thread.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._database = sqlite3.connect(path, isolation_level=None)
        # The commits of NORMAL do not wait for the disk; `sync` does.
        self._database.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; {SCHEMA}")
        self._wal = os.open(f"{path}-wal", os.O_RDWR)
        sync(path.parent)  # a power cut must not take the names of files whose content is on disk
        self._pending: list[tuple[str, tuple[Any, ...]]] = []
        self._sent = self._committed = self._synced = 0  # messages that were added, so far

    @property
    def is_written(self) -> bool:
        """Whether every change is committed."""
        return not self._pending

    @property
    def is_synced(self) -> bool:
        """Whether every committed message is on disk."""
        return self._synced == self._committed

    def put_item(self, source: str, partition: Any, sort: Any, item: Any) -> None:
        """An item is this now; None if it was deleted."""
        values = (source, json.dumps(partition), json.dumps(sort), json.dumps(item))
        self._pending.append(("INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?)", values))

    def add_change(self, source: str, sequence: str, record: Any) -> None:
        """A record of a table's stream; `acknowledge` removes it."""
        self._pending.append(
            ("INSERT OR REPLACE INTO changes VALUES (?, ?, ?)", (source, sequence, json.dumps(record)))
        )

    def acknowledge(self, source: str, sequence: str) -> None:
        """The stream's reader has processed the records up to this one."""
        self._pending.append(("DELETE FROM changes WHERE source = ? AND sequence <= ?", (source, sequence)))

    def add_message(self, source: str, sequence: int, message: dict[str, Any]) -> None:
        """A queue has a further message, its last. `sequence` is the last number that the queue has given."""
        self._sent += 1
        values = (source, message["id"], sequence, json.dumps(message))
        self._pending.append(("INSERT OR REPLACE INTO messages VALUES (NULL, ?, ?, ?, ?, NULL)", values))

    def change_message(self, source: str, message_id: str, state: dict[str, Any]) -> None:
        """These members of a message have changed. One that the emulator had saved is not in the journal yet."""
        self._pending.append((CHANGE_MESSAGE, (source, message_id, json.dumps(state))))

    def delete_message(self, source: str, message_id: str) -> None:
        """A message has left its queue. The row stays, because numbers never go back."""
        self._pending.append((DELETE_MESSAGE, (source, message_id)))

    def forget(self, sources: Iterable[str], tables: Iterable[str] = TABLES) -> None:
        """Drop what is held of these sources: it is saved elsewhere, or they are gone."""
        listed = [(source,) for source in sources]
        for table in tables:
            self._pending += [(f"DELETE FROM {table} WHERE source = ?", source) for source in listed]  # noqa: S608

    def commit(self) -> None:
        """Write what was gathered. Raises `JournalUnavailable`, and keeps it."""
        if not self._pending:
            return
        try:
            self._database.execute("BEGIN")
            for statement, values in self._pending:
                self._database.execute(statement, values)
            self._database.execute("COMMIT")
        except sqlite3.Error as error:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise JournalUnavailable(str(error)) from error
        self._pending.clear()
        self._committed = self._sent

    def sync(self) -> None:
        """Wait until what was committed is on disk. Raises `JournalUnavailable`."""
        committed = self._committed
        try:
            os.fsync(self._wal)
        except OSError as error:
            raise JournalUnavailable(str(error)) from error
        self._synced = max(self._synced, committed)

    def items(self, source: str) -> list[Item]:
        """What is held of a table."""
        rows = self._database.execute("SELECT partition, sort, item FROM items WHERE source = ?", (source,))
        return [Item(*map(json.loads, row)) for row in rows]

    def changes(self, source: str) -> list[Any]:
        """The records of a table's stream that its reader has not processed, oldest first."""
        rows = self._database.execute("SELECT record FROM changes WHERE source = ? ORDER BY sequence", (source,))
        return [json.loads(record) for (record,) in rows]

    def messages(self, source: str) -> list[Message]:
        """What is held of a queue, in the order in which it was added."""
        rows = self._database.execute(
            "SELECT id, sequence, message, state FROM messages WHERE source = ? ORDER BY place", (source,)
        )
        return [
            Message(number, sequence, None if text is None else json.loads(text) | json.loads(state or "{}"))
            for number, sequence, text, state in rows
        ]

    def close(self) -> None:
        """Close the files, and remove them if they hold nothing."""
        empty = self.is_written and not any(
            self._database.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone()  # noqa: S608
            for table in TABLES
        )
        os.close(self._wal)
        self._database.close()
        if empty:
            self._path.unlink(missing_ok=True)
