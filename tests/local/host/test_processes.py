"""Other processes: which of them run, what they were started as, and who listens on a port."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from local.host.processes import alive, command_line, find, listener
from tests.local.laptop import eventually


@pytest.fixture
def zombie() -> Iterator[psutil.Process]:
    """A process that has ended and that its parent, this one, has not reaped."""
    with subprocess.Popen(["true"]) as ended:
        process = psutil.Process(ended.pid)
        eventually(lambda: process.status() == psutil.STATUS_ZOMBIE)
        yield process


def test_a_running_process_is_alive_and_has_a_command_line() -> None:
    assert alive(os.getpid())
    command = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as living:
        process = psutil.Process(living.pid)
        eventually(lambda: command_line(process) == command)  # it is empty for a moment while the program is loaded


def test_a_process_that_has_ended_is_gone() -> None:
    with subprocess.Popen(["sleep", "30"]) as ended:
        process = psutil.Process(ended.pid)
        ended.kill()
    assert find(ended.pid) is None
    assert not alive(ended.pid)
    assert command_line(process) == []


def test_a_zombie_has_ended(zombie: psutil.Process) -> None:
    assert not alive(zombie.pid)
    assert command_line(zombie) == []


@pytest.mark.parametrize("pid", [-1, 0, 2**70])
def test_an_id_that_no_process_has_finds_none(pid: int) -> None:
    assert find(pid) is None
    assert not alive(pid)


@pytest.mark.parametrize("error", [psutil.AccessDenied, psutil.NoSuchProcess, psutil.ZombieProcess])
def test_a_command_line_that_cannot_be_read_is_empty(
    error: type[psutil.Error], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(psutil.Process, "cmdline", raising(error))
    assert command_line(psutil.Process()) == []


def test_a_process_of_another_user_counts_as_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil.Process, "status", raising(psutil.AccessDenied))
    assert alive(os.getpid())


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_the_listener_of_a_port_is_named_and_its_clients_are_not(family: socket.AddressFamily, host: str) -> None:
    with socket.socket(family) as server, socket.socket(family) as client:
        server.bind((host, 0))
        port = server.getsockname()[1]
        assert listener(port) == "", "bound is not yet listening"
        server.listen()
        client.connect((host, port))
        assert listener(port).startswith(f"process {os.getpid()} (")
        assert listener(client.getsockname()[1]) == ""


def test_a_listener_that_cannot_be_looked_at_is_not_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        monkeypatch.setattr(psutil.Process, "cmdline", raising(psutil.AccessDenied))
        assert listener(port) == f"process {os.getpid()}"
        monkeypatch.setattr(psutil, "net_connections", raising(psutil.AccessDenied))
        assert listener(port) == ""


def raising(error: type[psutil.Error]) -> object:
    """A method that raises what psutil raises of the process with this id."""

    def method(*_: object, **__: object) -> None:
        raise error(os.getpid())

    return method
