"""Small questions about other processes, answered without third-party packages."""

from __future__ import annotations

import os
import re
import subprocess
import time
from pathlib import Path


def alive(pid: int) -> bool:
    """Whether the process exists and has not already ended (a zombie has)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _zombie(pid)


def wait_for_end(pid: int, seconds: float) -> bool:
    """Wait for a process that is not our child; True when it is gone."""
    deadline = time.monotonic() + seconds
    while alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def command_line(pid: int) -> str:
    """The process's command line, "" if there is no such process."""
    try:
        result = subprocess.run(
            ["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False, timeout=5
        )
    except (OSError, subprocess.SubprocessError):
        return _command_line_from_proc(pid)
    return result.stdout.strip()


def listener(port: int) -> str:
    """Who listens on the port, as "process 123 (command)"; "" where that cannot be told cheaply (only Linux can)."""
    try:
        lines = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return ""
    inodes = {fields[9] for fields in map(str.split, lines) if _listens(fields, port)}
    for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            target = str(descriptor.readlink())
        except OSError:
            continue
        found = re.fullmatch(r"socket:\[(\d+)\]", target)
        if found and found.group(1) in inodes:
            pid = int(descriptor.parts[2])
            return f"process {pid} ({_command_line_from_proc(pid)[:80]})"
    return ""


def _listens(fields: list[str], port: int) -> bool:
    return int(fields[1].rsplit(":", 1)[1], 16) == port and fields[3] == "0A"


def _command_line_from_proc(pid: int) -> str:
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return ""
    return raw.replace(b"\0", b" ").decode(errors="replace").strip()


def _zombie(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[:1] == ["Z"]
