"""The journal holds what was committed, in order, and keeps what it could not write."""

from __future__ import annotations

import os
import resource
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from local.emulator.process.journal import Journal, JournalUnavailable
from tests.local.host.test_files import path_of

TABLE, QUEUE = "arn:aws:dynamodb:::table/tasks", "arn:aws:sqs:::tasks.fifo"


def message(number: int, **more: Any) -> dict[str, Any]:
    return {"id": f"m{number}", "body": "{}", "receive_count": 0, **more}


@contextmanager
def full_disk() -> Generator[None]:
    """No file of this process may grow."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_what_was_committed_is_there_after_a_death_and_nothing_else(tmp_path: Path) -> None:
    """A second connection sees what a crashed process would have left."""
    journal = Journal(tmp_path / "journal")
    journal.put_item(TABLE, "t1", "__no_sort__", {"status": {"S": "queued"}})
    journal.put_item(TABLE, "t1", "__no_sort__", {"status": {"S": "succeeded"}})
    journal.put_item(TABLE, "t2", "__no_sort__", None)
    journal.commit()
    journal.put_item(TABLE, "t3", "__no_sort__", {})
    later = Journal(tmp_path / "journal")
    assert later.items(TABLE) == [
        ("t1", "__no_sort__", {"status": {"S": "succeeded"}}),
        ("t2", "__no_sort__", None),
    ]
    assert later.items("arn:aws:dynamodb:::table/other") == []


def test_messages_come_back_in_their_order_and_as_they_are_now(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    for number in (2, 1, 3):
        journal.add_message(QUEUE, number, message(number))
    journal.change_message(QUEUE, "m1", {"receive_count": 2})
    journal.delete_message(QUEUE, "m3")
    journal.change_message(QUEUE, "saved before", {"receive_count": 1})
    journal.delete_message(QUEUE, "saved and deleted")
    journal.commit()
    assert journal.messages(QUEUE) == [
        ("m2", 2, message(2)),
        ("m1", 1, message(1, receive_count=2)),
        ("m3", 3, None),
        ("saved before", 0, {"receive_count": 1}),
        ("saved and deleted", 0, None),
    ]


def test_changes_stay_until_they_are_acknowledged(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    for number in range(12):
        journal.add_change(TABLE, f"{number:03d}", {"number": number})
    journal.acknowledge(TABLE, "009")
    journal.acknowledge("another table", "011")
    journal.commit()
    assert journal.changes(TABLE) == [{"number": 10}, {"number": 11}]


def test_what_a_full_disk_did_not_take_is_written_when_there_is_room(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    journal.add_message(QUEUE, 1, message(1))
    journal.commit()
    with full_disk():
        journal.add_message(QUEUE, 2, message(2))
        for _ in range(2):
            with pytest.raises(JournalUnavailable, match="disk"):
                journal.commit()
        assert not journal.is_written
        assert [one.id for one in Journal(tmp_path / "journal").messages(QUEUE)] == ["m1"]
    journal.add_message(QUEUE, 3, message(3))
    journal.commit()
    assert journal.is_written
    assert [one.id for one in Journal(tmp_path / "journal").messages(QUEUE)] == ["m1", "m2", "m3"]


def test_messages_are_on_disk_only_after_a_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    journal = Journal(tmp_path / "journal")
    monkeypatch.setattr(os, "fsync", synced.append)
    assert journal.is_synced
    journal.add_message(QUEUE, 1, message(1))
    journal.commit()
    assert not journal.is_synced
    journal.sync()
    assert (journal.is_synced, len(synced)) == (True, 1)
    assert os.path.samestat(os.fstat(synced[0]), (tmp_path / "journal-wal").stat())
    monkeypatch.setattr(os, "fsync", broken_disk)
    with pytest.raises(JournalUnavailable, match="broken"):
        journal.sync()


def test_a_power_cut_does_not_take_the_journal_s_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    fsync = os.fsync

    def noted(number: int) -> None:
        synced.append(path_of(number, tmp_path))
        fsync(number)

    monkeypatch.setattr(os, "fsync", noted)
    Journal(tmp_path / "journal")
    assert synced == [tmp_path]


def broken_disk(_file: int) -> None:
    raise OSError("broken")


def test_an_empty_journal_leaves_no_files(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    journal.put_item(TABLE, "t1", "__no_sort__", {})
    journal.add_message(QUEUE, 1, message(1))
    journal.forget([TABLE], ["items"])
    journal.forget([QUEUE])
    journal.commit()
    journal.close()
    assert list(tmp_path.iterdir()) == []


def test_a_journal_that_holds_something_stays(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    journal.add_change(TABLE, "001", {})
    journal.forget([TABLE], ["items", "messages"])
    journal.commit()
    journal.close()
    assert Journal(tmp_path / "journal").changes(TABLE) == [{}]
