"""A disk that fills up turns new tasks away, and loses none."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.host.disk import RESERVE_BYTES
from tests.local.laptop import Laptop, eventually

pytestmark = pytest.mark.check

DISK_BYTES = RESERVE_BYTES + 40_000_000


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own in memory, where this user may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(disk)]
    if not shutil.which("mount") or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount a disk; tests/local/chaos fills one with a limit on the size of files")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(disk: Path, left: int) -> Path:
    """A file that leaves at most so many bytes of the disk, on which others write, too."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        while (free := shutil.disk_usage(disk).free) > left:
            with contextlib.suppress(OSError):  # somebody else took it: there is no space left
                file.write(b"x" * min(1_000_000, free - left))
    assert shutil.disk_usage(disk).free <= left
    return ballast


@pytest.mark.nightly
def test_new_tasks_are_turned_away_and_accepted_ones_end(small_disk: Path) -> None:
    laptop = Laptop(small_disk / "state")
    laptop.start()
    try:
        tasks = [laptop.post(ordering_key=f"key-{number % 5}") for number in range(30)]
        ballast = fill(small_disk, left=RESERVE_BYTES - 20_000_000)
        refused = laptop.request("POST", "/v1/tasks", b"{}", Content_Type="application/json")
        assert refused.status == 503
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert "free some space" in refused.json["detail"]
        assert {laptop.finished(task)["status"] for task in tasks} == {"succeeded"}
        ballast.unlink()
        assert laptop.finished(laptop.post())["status"] == "succeeded"
    finally:
        laptop.ensure_stopped()


@pytest.mark.nightly
def test_a_stop_on_a_disk_without_any_space_loses_nothing(small_disk: Path) -> None:
    first = Laptop(small_disk / "state")
    first.start()
    try:
        first.clients.pipes.stop_pipe(Name=first.outputs["pipe_name"])
        eventually(lambda: "pipe stopped" in first.output)
        tasks = [first.post(ordering_key="key") for _ in range(10)]
        ballast = fill(small_disk, left=0)
        assert first.stop() == 1
    finally:
        first.ensure_stopped()
    assert "nothing is lost" in first.output
    ballast.unlink()
    second = Laptop(small_disk / "state")
    second.start()
    try:
        assert "Recovered" in second.output
        second.clients.pipes.start_pipe(Name=second.outputs["pipe_name"])
        ends = [second.finished(task) for task in tasks]
        assert {task["status"] for task in ends} == {"succeeded"}
        assert [task["finished_at"] for task in ends] == sorted(task["finished_at"] for task in ends)
    finally:
        second.ensure_stopped()
