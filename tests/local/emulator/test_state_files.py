"""What the emulator has saved is on disk, and what it cannot read it does not take for nothing."""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.emulator.process.state_files import StateFiles
from local.emulator.server import Emulator
from local.host.errors import LaptopError
from local.host.state_dir import StateDir
from tests.local.host.test_files import path_of

ANY_FORMAT = 10**9


@pytest.fixture
def persistence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    module: Any = importlib.import_module("ministack.core.persistence")
    monkeypatch.setattr(module, "STATE_DIR", str(tmp_path))
    monkeypatch.setattr(module, "PERSIST_STATE", True)
    return module


@pytest.fixture
def files(persistence: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[StateFiles]:
    made = StateFiles(persistence)
    monkeypatch.setattr(persistence, "save_state", made.save)
    persistence.logger.addHandler(made)
    yield made
    persistence.logger.removeHandler(made)


def test_what_is_saved_is_on_disk_and_is_what_ministack_reads(
    files: StateFiles, persistence: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync, synced = os.fsync, list[str]()

    def noted(number: int) -> None:
        synced.append(path_of(number, tmp_path).relative_to(tmp_path).as_posix())
        fsync(number)

    monkeypatch.setattr(os, "fsync", noted)
    (tmp_path / "lambda-blobs").mkdir()
    (tmp_path / "lambda-blobs" / "code.zip").write_bytes(b"code")
    persistence.save_all({"sqs": lambda: {"queues": b"bytes"}, "lambda": lambda: {"functions": 1}})
    code = ["lambda-blobs/code.zip", "lambda-blobs"]
    assert synced == ["sqs.json.partial", ".", *code, "lambda.json.partial", "."]
    assert files.load("sqs") == {"queues": b"bytes"}
    assert files.load("lambda") == {"functions": 1}
    assert files.load("dynamodb") is None
    assert not files.not_saved


@pytest.mark.parametrize("broken", ["the disk", "a value", "a service"])
def test_a_state_that_is_not_on_disk_is_not_saved(
    files: StateFiles, persistence: Any, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    """So the process says so when it ends, and leaves the journal as it is."""
    persistence.save_all({"sqs": lambda: "before"})
    if broken == "the disk":
        monkeypatch.setattr(os, "fsync", failing)
    state = {"the disk": lambda: "after", "a value": lambda: object(), "a service": failing}[broken]
    persistence.save_all({"sqs": state})
    assert files.not_saved
    assert files.load("sqs") == "before"


def damage_state(state: StateDir) -> Path:
    file = state.emulator_state / "sqs.json"
    file.write_text('{"__ministack_format__": 2, "payl', encoding="utf-8")
    return file


def damage_journal(state: StateDir) -> Path:
    state.journal.write_text("not a database, but as long as the head of one" * 100, encoding="utf-8")
    return state.journal


def save_in_a_later_version(state: StateDir) -> Path:
    file = state.emulator_state / "dynamodb.json"
    file.write_text(json.dumps({"__ministack_format__": ANY_FORMAT, "payload": {}}), encoding="utf-8")
    return file


def save_something_else(state: StateDir) -> Path:
    file = state.emulator_state / "sqs.json"
    file.write_text(json.dumps({"__ministack_format__": 2, "payload": "no queues"}), encoding="utf-8")
    return file


@pytest.mark.parametrize("damage", [damage_state, damage_journal, save_in_a_later_version, save_something_else])
def test_an_emulator_that_cannot_read_what_was_saved_does_not_start_empty(
    tmp_path: Path, damage: Callable[[StateDir], Path]
) -> None:
    state = StateDir(tmp_path / "state")
    state.acquire()
    state.prepare()
    damaged = damage(state)
    before = damaged.read_bytes()
    emulator = Emulator(state, "us-east-1")
    emulator.start()
    with pytest.raises(LaptopError, match=r"(?s)saved state is damaged.*copy.*FRESH=1") as refused:
        emulator.wait_until_ready()
    emulator.stop()
    assert (damaged.name in str(refused.value)) or ("for sqs" in str(refused.value))
    assert damaged.read_bytes() == before
    state.release()


def failing(*_args: object) -> Any:
    raise OSError("broken")
