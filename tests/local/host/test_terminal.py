"""A terminal that nobody reads stops nothing, whether its reader waits or has gone."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from local.host.options import PROJECT_ROOT
from local.host.terminal import Terminal
from tests.local.laptop import Laptop, free_port

A_PIPE_AND_MORE = 200_000  # lines: far more than the 64 KiB that a pipe holds


@pytest.fixture(name="pipe")
def _pipe() -> Iterator[tuple[int, TextIO]]:
    reads, writes = os.pipe()
    with os.fdopen(writes, "w") as stream:
        yield reads, stream


def test_lines_come_whole_and_in_order(pipe: tuple[int, TextIO]) -> None:
    reads, stream = pipe
    with Terminal(stream) as terminal:
        for number in range(1000):
            terminal.say(f"line {number}")
    stream.close()
    with os.fdopen(reads) as shown:
        assert shown.read().splitlines() == [f"line {number}" for number in range(1000)]


def test_nobody_waits_for_a_reader_and_what_was_left_out_is_said(pipe: tuple[int, TextIO]) -> None:
    reads, stream = pipe
    with Terminal(stream, most=100) as terminal:
        for number in range(A_PIPE_AND_MORE):
            terminal.say(f"line {number}")
        with os.fdopen(reads) as shown:
            lines = [shown.readline().rstrip()]
            while not lines[-1].startswith("("):
                lines.append(shown.readline().rstrip())
    *told, note = lines
    assert told == [f"line {number}" for number in range(len(told))]
    count, _, rest = note.partition(" ")
    assert rest == "lines were left out while nobody read.)"
    assert 0 < int(count.removeprefix("(")) <= A_PIPE_AND_MORE - len(told)


def test_a_reader_that_has_gone_is_no_error(pipe: tuple[int, TextIO]) -> None:
    reads, stream = pipe
    os.close(reads)
    with Terminal(stream) as terminal:
        for number in range(100):
            terminal.say(f"line {number}")
    stream.flush()


def test_a_process_ends_although_nobody_reads() -> None:
    program = f"""
import sys
from local.host.terminal import Terminal
with Terminal(sys.stdout) as terminal:
    for number in range({A_PIPE_AND_MORE}):
        terminal.say("a line")
"""
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.wait(60) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""


def test_a_stream_that_was_closed_before_is_no_error() -> None:
    with Terminal(None) as terminal:
        terminal.say("nobody hears this")


@pytest.mark.check
@pytest.mark.nightly
def test_tasks_run_and_the_edition_stops_in_order_when_its_reader_has_gone(tmp_path: Path) -> None:
    port = free_port()
    variables = {**os.environ, "TASKLINE_PORT": str(port), "TASKLINE_STATE_DIR": str(tmp_path / "state")}
    command = [sys.executable, "-m", "local"]
    with subprocess.Popen(command, cwd=PROJECT_ROOT, env=variables, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert any(line.startswith("Taskline is ready") for line in process.stdout)
            process.stdout.close()
            laptop = Laptop(tmp_path / "state", port)
            assert all(laptop.finished(task)["status"] == "succeeded" for task in [laptop.post() for _ in range(20)])
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
        finally:
            process.kill()
