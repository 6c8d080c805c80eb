"""The state directory: its log is kept across starts, and does not grow without end."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.host.state_dir import LOG_BYTES, StateDir


@pytest.fixture
def state(tmp_path: Path) -> StateDir:
    return StateDir(tmp_path)


def log(state: StateDir, line: bytes) -> None:
    """What one start does."""
    with state.open_emulator_log() as file:
        file.write(line)


def test_the_log_of_earlier_starts_is_kept(state: StateDir) -> None:
    log(state, b"one\n")
    log(state, b"two\n")
    assert state.emulator_log.read_bytes() == b"one\ntwo\n"
    assert not state.earlier_emulator_log.exists()


def test_a_large_log_is_begun_anew_and_the_last_one_stays(state: StateDir) -> None:
    log(state, b"1" * LOG_BYTES)
    log(state, b"2")
    assert state.emulator_log.stat().st_size == LOG_BYTES + 1, "it was not larger than the limit"
    log(state, b"3")
    assert state.emulator_log.read_bytes() == b"3"
    assert state.earlier_emulator_log.read_bytes() == b"1" * LOG_BYTES + b"2"


def test_two_files_are_the_most_that_it_takes(state: StateDir) -> None:
    for number in range(5):
        log(state, f"{number}".encode() * (LOG_BYTES + 1))
    assert {file.name for file in state.path.iterdir()} == {"emulator.log", "emulator.log.1"}
    assert state.earlier_emulator_log.read_bytes().startswith(b"3")
