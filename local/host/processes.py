"""Other processes of this machine: whether they run, what they are, and which of them listens on a port."""

from __future__ import annotations

import psutil


def find(pid: int) -> psutil.Process | None:
    """The process with this id, None if there is none. Signals sent through it never reach a later owner of the id."""
    try:
        return psutil.Process(pid)
    except (psutil.NoSuchProcess, ValueError):  # a negative id is not a process but a group
        return None


def alive(pid: int) -> bool:
    """Whether the process exists and has not already ended (a zombie has)."""
    process = find(pid)
    return process is not None and _runs(process)


def command_line(process: psutil.Process) -> list[str]:
    """The arguments that the process was started with, none if they cannot be read or the process has ended."""
    try:
        return process.cmdline()
    except (psutil.AccessDenied, psutil.NoSuchProcess):  # a zombie counts as the latter
        return []


def listener(port: int) -> str:
    """Who listens on the port, as "process 123 (command)"; "" where this user may not see it (as on macOS)."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        return ""
    for connection in connections:
        if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port:
            return _named(connection.pid) if connection.pid else ""
    return ""


def _named(pid: int) -> str:
    process = find(pid)
    command = " ".join(command_line(process)) if process else ""
    return f"process {pid} ({command[:80]})" if command else f"process {pid}"


def _runs(process: psutil.Process) -> bool:
    """Whether it is still the same process, and no zombie: one whose parent does not reap it would never be gone."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
