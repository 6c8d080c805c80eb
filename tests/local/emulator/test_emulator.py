"""The emulator as a child process: what it inherits, how its death is reported, and what is never signalled."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path

import psutil
import pytest

from local.emulator import emulator_process
from local.emulator.lock import EmulatorLock
from local.emulator.orphan import stop_orphan
from local.emulator.server import Emulator, environment
from local.host.errors import LaptopError
from local.host.processes import alive
from local.host.state_dir import StateDir
from tests.local.laptop import eventually

Impostor = Callable[[str], Emulator]


@pytest.fixture
def state(tmp_path: Path) -> StateDir:
    directory = StateDir(tmp_path / "state")
    directory.acquire()
    directory.prepare()
    return directory


@pytest.fixture
def impostor(state: StateDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Impostor:
    """An emulator whose Python is a shell script."""

    def make(script: str) -> Emulator:
        python = tmp_path / "python"
        python.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        python.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(python))
        return Emulator(state, "us-east-1", say=progress.append)

    progress: list[str] = []
    make.progress = progress  # type: ignore[attr-defined]
    return make


def test_the_child_does_not_inherit_the_host_s_settings(state: StateDir) -> None:
    host = {"PATH": "/bin", "LOG_LEVEL": "DEBUG", "AWS_PROFILE": "work", "AWS_ACCESS_KEY_ID": "real", "FRESH": "1"}
    child = environment(state, "eu-west-1", 1234, host)
    assert child["PATH"] == "/bin"
    assert not {"AWS_PROFILE", "AWS_ACCESS_KEY_ID", "FRESH"} & child.keys()
    assert (child["LOG_LEVEL"], child["AUTH"], child["BIND_HOST"]) == ("ERROR", "true", "127.0.0.1")
    assert child["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1234"


def test_an_early_death_is_reported_with_the_log_and_the_way_out(impostor: Impostor) -> None:
    one = impostor("echo something is wrong >&2; exit 3")
    one.start()
    with pytest.raises(LaptopError, match=r"(?s)exit code 3.*something is wrong.*emulator\.log"):
        one.wait_until_ready()
    one.stop()
    missing = impostor("echo No module named ministack >&2; exit 1")
    missing.start()
    with pytest.raises(LaptopError, match="`make run`"):
        missing.wait_until_ready()


def test_a_child_that_never_responds_or_never_ends_is_given_up(
    impostor: Impostor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.emulator.server.START_SECONDS", 0.3)
    monkeypatch.setattr("local.emulator.server.STOP_SECONDS", 0.3)
    deaf = impostor("trap '' TERM; while :; do sleep 0.1; done")
    deaf.start()
    pid = deaf.pid
    with pytest.raises(LaptopError, match="did not respond"):
        deaf.wait_until_ready()
    deaf.stop()
    assert not alive(pid)
    assert "was killed" in impostor.progress[0]  # type: ignore[attr-defined]
    deaf.stop()
    with pytest.raises(LaptopError, match="could not save"):
        deaf.check_saved()


@pytest.mark.parametrize(("status", "saved"), [(0, True), (emulator_process.NOT_SAVED, False), (1, False)])
def test_the_exit_status_tells_whether_the_state_was_saved(
    impostor: Impostor, state: StateDir, status: int, saved: bool
) -> None:
    one = impostor(f"trap 'exit {status}' TERM; echo started; while :; do sleep 0.05; done")
    one.start()
    eventually(lambda: "started" in (state.emulator_log).read_text(encoding="utf-8"))
    one.stop()
    if saved:
        one.check_saved()
        return
    with pytest.raises(LaptopError, match=r"could not save its state.*\n?.*emulator\.log"):
        one.check_saved()


def test_a_stale_lock_file_stops_nobody(state: StateDir, tmp_path: Path) -> None:
    """Nobody holds the lock: whoever has the id now is not the emulator of this state."""
    with started(tmp_path / "emulator_process.py", state, locked=False) as other:
        for text in (str(other.pid), "odd", ""):
            state.emulator_lock.write_text(text, encoding="utf-8")
            stop_orphan(state, progress := Progress())
            assert progress.lines == []
            assert other.poll() is None


@pytest.mark.parametrize("reason", ["another program", "another state", "a later process", "cannot be read"])
def test_a_process_that_is_not_our_emulator_is_never_signalled(
    state: StateDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    """Who has the lock, but is not certainly an emulator on this state, is named, and the start refused."""
    monkeypatch.setattr("local.emulator.orphan.NAMED_SECONDS", 0.2)
    program = tmp_path / ("other.py" if reason == "another program" else "emulator_process.py")
    named = tmp_path / "another" if reason == "another state" else None
    if reason == "cannot be read":
        monkeypatch.setattr("psutil.Process.cmdline", denied)
    with started(program, state, named=named) as other:
        if reason == "a later process":
            os.utime(state.emulator_lock, (0, 0))
        with pytest.raises(LaptopError, match=rf"Process {other.pid} holds .*emulator\.lock.*left alone"):
            stop_orphan(state, Progress())
        assert other.poll() is None


def test_a_lock_that_names_nobody_is_reported(state: StateDir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.emulator.orphan.NAMED_SECONDS", 0.2)
    lock = EmulatorLock(state.emulator_lock)
    assert lock.take()
    with pytest.raises(LaptopError, match="A process holds"):
        stop_orphan(state, Progress())
    lock.close()
    stop_orphan(state, progress := Progress())
    assert len(progress.lines) == 0


def test_no_second_emulator_starts_on_the_state_of_one_that_runs(state: StateDir, tmp_path: Path) -> None:
    second = Emulator(state, "us-east-1")
    with (
        started(tmp_path / "emulator_process.py", state),
        pytest.raises(LaptopError, match="Another AWS emulator holds"),
    ):
        second.start()


def test_the_emulator_has_the_lock_from_before_it_runs_until_it_has_ended(impostor: Impostor, state: StateDir) -> None:
    lock = EmulatorLock(state.emulator_lock)
    one = impostor("trap 'sleep 0.5; exit 0' TERM; echo started; while :; do sleep 0.05; done")
    one.start()
    assert not lock.take()
    eventually(lambda: "started" in (state.emulator_log).read_text(encoding="utf-8"))
    one.stop()
    assert lock.wait(5)
    lock.close()


def test_an_orphan_is_stopped(state: StateDir, tmp_path: Path) -> None:
    """It does not respond on any port: it may be about to end, or frozen."""
    with started(tmp_path / "emulator_process.py", state) as orphan:
        stop_orphan(state, progress := Progress())
        assert orphan.wait() == -signal.SIGTERM
        assert [line for line in progress.lines if "an earlier run left behind" in line] == progress.lines


def test_an_orphan_that_has_only_just_started_is_stopped(state: StateDir, tmp_path: Path) -> None:
    """It has the lock, and names itself a moment later."""
    with started(tmp_path / "emulator_process.py", state, "time.sleep(0.5)") as orphan:
        stop_orphan(state, Progress())
        assert orphan.wait() == -signal.SIGTERM


def test_an_orphan_that_is_about_to_end_is_waited_for(state: StateDir, tmp_path: Path) -> None:
    saving = "signal.signal(signal.SIGTERM, lambda *_: (time.sleep(0.5), open('saved', 'w').close(), sys.exit(0)))"
    with started(tmp_path / "emulator_process.py", state, saving) as orphan:
        orphan.terminate()
        stop_orphan(state, progress := Progress())
        assert (state.path / "saved").exists(), "the next one starts only when this one has saved its state"
        assert orphan.wait() == 0
        assert len(progress.lines) == 1


@pytest.mark.parametrize("frozen", [False, True], ids=["deaf", "frozen"])
def test_an_orphan_that_does_not_stop_is_killed_and_named(
    state: StateDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, frozen: bool
) -> None:
    monkeypatch.setattr("local.emulator.orphan.STOP_SECONDS", 0.3)
    deaf = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    with started(tmp_path / "emulator_process.py", state, "" if frozen else deaf) as orphan:
        if frozen:
            orphan.send_signal(signal.SIGSTOP)
            eventually(lambda: psutil.Process(orphan.pid).status() == psutil.STATUS_STOPPED)
        stop_orphan(state, progress := Progress())
        assert orphan.wait() == -signal.SIGKILL
        assert f"process {orphan.pid}" in progress.lines[1]
        assert "was killed" in progress.lines[1]


def test_an_orphan_of_another_user_is_named(state: StateDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with started(tmp_path / "emulator_process.py", state) as orphan:
        monkeypatch.setattr("psutil.Process.terminate", denied)
        with pytest.raises(LaptopError, match=rf"process {orphan.pid}.*another user"):
            stop_orphan(state)
        assert orphan.poll() is None


ORPHAN = """
import os, signal, sys, time
{preparation}
if {lock}:
    os.ftruncate({lock}, 0)
    os.pwrite({lock}, str(os.getpid()).encode(), 0)
print("runs", flush=True)
while True:
    time.sleep(1)
"""


class Progress:
    """Collects the lines of progress."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, text: str) -> None:
        self.lines.append(text)


@contextlib.contextmanager
def started(
    program: Path, state: StateDir, preparation: str = "", *, locked: bool = True, named: Path | None = None
) -> Generator[subprocess.Popen[str]]:
    """A program that has the lock as an emulator has it, and names itself in it after the preparation."""
    lock = EmulatorLock(state.emulator_lock)
    assert not locked or lock.take()
    program.write_text(ORPHAN.format(preparation=preparation, lock=lock.file if locked else 0), encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, str(program), str(named or lock.path)],
        cwd=state.path,
        pass_fds=[lock.file] if locked else [],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    lock.close()
    assert process.stdout is not None
    try:
        if not preparation.startswith("time.sleep"):
            assert process.stdout.readline() == "runs\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def denied(process: psutil.Process) -> None:
    raise psutil.AccessDenied(process.pid)
