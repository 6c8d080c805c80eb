"""The emulator as a child process: what it inherits, how its death is reported, and what is never signalled."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path

import psutil
import pytest

from local.emulator import emulator_process
from local.emulator.server import Emulator, environment, is_ready, stop_orphan
from local.host.errors import LaptopError
from local.host.processes import alive
from local.host.state_dir import StateDir, write_json
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


@pytest.mark.parametrize(
    "recorded", [{"pid": "x", "endpoint": "http://127.0.0.1:1"}, {"pid": -1, "endpoint": ""}, {"pid": 1}, ["odd"], {}]
)
def test_a_record_that_names_no_process_stops_none(state: StateDir, recorded: object) -> None:
    write_json(state.emulator_process, recorded)
    stop_orphan(state, progress := Progress())
    assert progress.lines == []
    assert not state.emulator_process.exists()


@pytest.mark.parametrize(
    ("program", "responds"),
    [("other.py", True), ("emulator_process.py", False)],
    ids=["another program on the port", "no emulator on the port"],
)
def test_a_process_that_is_not_our_emulator_is_never_signalled(
    state: StateDir, tmp_path: Path, program: str, responds: bool
) -> None:
    with started(tmp_path / program) as (other, endpoint):
        write_json(state.emulator_process, {"pid": other.pid, "endpoint": endpoint if responds else NOWHERE})
        stop_orphan(state)
        assert other.poll() is None
        assert is_ready(endpoint), "it was not disturbed"


def test_a_process_whose_command_line_cannot_be_read_is_never_signalled(
    state: StateDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("psutil.Process.cmdline", denied)
    with started(tmp_path / "emulator_process.py") as (other, endpoint):
        write_json(state.emulator_process, {"pid": other.pid, "endpoint": endpoint})
        stop_orphan(state)
        assert other.poll() is None


def test_an_orphan_is_stopped(state: StateDir, tmp_path: Path) -> None:
    with started(tmp_path / "emulator_process.py") as (orphan, endpoint):
        write_json(state.emulator_process, {"pid": orphan.pid, "endpoint": endpoint})
        stop_orphan(state, progress := Progress())
        assert orphan.wait() == -signal.SIGTERM
        assert [line for line in progress.lines if "an earlier run left behind" in line] == progress.lines
        assert not state.emulator_process.exists()


def test_an_orphan_that_does_not_stop_is_killed_and_named(
    state: StateDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.emulator.server.STOP_SECONDS", 0.3)
    with started(tmp_path / "emulator_process.py", "signal.signal(signal.SIGTERM, signal.SIG_IGN)") as (
        orphan,
        endpoint,
    ):
        write_json(state.emulator_process, {"pid": orphan.pid, "endpoint": endpoint})
        stop_orphan(state, progress := Progress())
        assert orphan.wait() == -signal.SIGKILL
        assert f"process {orphan.pid}" in progress.lines[1]
        assert "was killed" in progress.lines[1]


def test_an_orphan_of_another_user_is_named(state: StateDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with started(tmp_path / "emulator_process.py") as (orphan, endpoint):
        write_json(state.emulator_process, {"pid": orphan.pid, "endpoint": endpoint})
        monkeypatch.setattr("psutil.Process.terminate", denied)
        with pytest.raises(LaptopError, match=rf"process {orphan.pid}.*another user"):
            stop_orphan(state)
        assert orphan.poll() is None
        assert state.emulator_process.exists(), "the next start must find it again"


NOWHERE = "http://127.0.0.1:1"
READY_SERVER = """
import http.server, signal, sys
{preparation}
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
server = http.server.HTTPServer(("127.0.0.1", 0), Ready)
print(server.server_port, flush=True)
server.serve_forever()
"""


class Progress:
    """Collects the lines of progress."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, text: str) -> None:
        self.lines.append(text)


@contextlib.contextmanager
def started(program: Path, preparation: str = "") -> Generator[tuple[subprocess.Popen[str], str]]:
    """A program that responds as a ready emulator does, and its endpoint."""
    program.write_text(READY_SERVER.format(preparation=preparation), encoding="utf-8")
    command = [sys.executable, str(program)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    try:
        yield process, f"http://127.0.0.1:{process.stdout.readline().strip()}"
    finally:
        process.kill()
        process.communicate()


def denied(process: psutil.Process) -> None:
    raise psutil.AccessDenied(process.pid)
