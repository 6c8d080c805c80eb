"""The emulator as a child: what it inherits, how its early death is told, and who is never signalled."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from local.emulator.server import Emulator, environment, stop_orphan
from local.host.errors import LaptopError
from local.host.processes import alive, command_line, wait_for_end
from local.host.state_dir import StateDir, write_json

Impostor = Callable[[str], Emulator]


@pytest.fixture
def state(tmp_path: Path) -> StateDir:
    directory = StateDir(tmp_path / "state")
    directory.acquire()
    directory.prepare()
    return directory


@pytest.fixture
def impostor(state: StateDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Impostor:
    """An emulator whose Python is a shell script of ours."""

    def make(script: str) -> Emulator:
        python = tmp_path / "python"
        python.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        python.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(python))
        return Emulator(state, "us-east-1", say=said.append)

    said: list[str] = []
    make.said = said  # type: ignore[attr-defined]
    return make


def test_the_child_does_not_inherit_the_host_s_settings(state: StateDir) -> None:
    host = {"PATH": "/bin", "LOG_LEVEL": "DEBUG", "AWS_PROFILE": "work", "AWS_ACCESS_KEY_ID": "real", "FRESH": "1"}
    child = environment(state, "eu-west-1", 1234, host)
    assert child["PATH"] == "/bin"
    assert not {"AWS_PROFILE", "AWS_ACCESS_KEY_ID", "FRESH"} & child.keys()
    assert (child["LOG_LEVEL"], child["AUTH"], child["BIND_HOST"]) == ("ERROR", "true", "127.0.0.1")
    assert child["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1234"


def test_an_early_death_is_told_with_the_log_and_the_way_out(impostor: Impostor) -> None:
    one = impostor("echo something is wrong >&2; exit 3")
    one.start()
    with pytest.raises(LaptopError, match=r"(?s)exit code 3.*something is wrong.*emulator\.log"):
        one.wait_until_ready()
    one.stop()
    missing = impostor("echo No module named ministack >&2; exit 1")
    missing.start()
    with pytest.raises(LaptopError, match="run `make`"):
        missing.wait_until_ready()


def test_a_child_that_never_answers_or_never_ends_is_not_waited_for(
    impostor: Impostor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.emulator.server.START_SECONDS", 0.3)
    monkeypatch.setattr("local.emulator.server.STOP_SECONDS", 0.3)
    deaf = impostor("trap '' TERM; while :; do sleep 0.1; done")
    deaf.start()
    pid = deaf.pid
    with pytest.raises(LaptopError, match="did not answer"):
        deaf.wait_until_ready()
    deaf.stop()
    assert not alive(pid)
    assert "was killed" in impostor.said[0]  # type: ignore[attr-defined]
    deaf.stop()


def test_a_process_that_is_not_our_emulator_is_never_signalled(state: StateDir) -> None:
    other = subprocess.Popen(["sleep", "30"])
    try:
        for recorded in ({"pid": other.pid, "endpoint": "http://127.0.0.1:1"}, {"pid": "x"}, ["odd"], {}):
            write_json(state.emulator_process, recorded)
            stop_orphan(state)
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_processes_are_told_apart() -> None:
    assert alive(os.getpid())
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as living:
        assert "python" in command_line(living.pid)
    ended = subprocess.Popen(["true"])
    ended.wait()
    assert wait_for_end(ended.pid, 1)
    assert command_line(ended.pid) == ""
    assert not wait_for_end(os.getpid(), 0.1)
