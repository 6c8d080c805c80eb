"""The benchmarks still run and print their figures, which no test judges."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.validator import FASTAPI, FLOOR, TUNED, VALIDATOR, Contestant, cold_start

ROOT = Path(__file__).parents[2]
FIGURE = r"\d+\.\d+"
# Each benchmark in its short form, and a pattern for each line of figures that it must print.
SHORT_FORMS = {
    "calls": (["--short"], [rf"\| SendMessage \| validator \| the message \| {FIGURE} \| {FIGURE} \|"]),
    "express": (
        ["--short"],
        [
            *(rf"in process, faked integrations, {logs} log lines +\d+ executions/s" for logs in ("no", "with")),
            *(
                rf"{what} +ours +{FIGURE}, emulator's +{FIGURE} {unit}: +{FIGURE} times"
                for what, unit in (
                    ("execution, start to end", "ms"),
                    (r"one key, \d+ tasks through the pipe", "ms per task"),
                    (r"\d+ keys, \d+ workers, through the pipe", "tasks/s"),
                )
            ),
        ],
    ),
    "kit": (
        ["--short"],
        [
            rf"one task in a pipeline of its own, ms: {FIGURE}; target at most 10",
            rf"a task with three retries, ms: {FIGURE}",
            rf"one run of a function, ms: {FIGURE}",
        ],
    ),
    "protection": (
        ["--short"],
        [
            rf"one check of the guard, us of CPU: {FIGURE}",
            rf"one commit of the journal, us of CPU: {FIGURE}",
            rf"one fsync of the journal, us: {FIGURE}",
            *(
                rf"{what}, {name}: {FIGURE}; ratio {FIGURE}"
                for what in ("POST to 202, ms", "CPU of one task, ms")
                for name in ("with both", "without the journal", "without the guard")
            ),
        ],
    ),
    "laptop": (
        ["--short"],
        [
            *(
                rf"{what}: Taskline {FIGURE}, reference {FIGURE}; ratio {FIGURE} "
                for what in ("POST to done, one task alone, ms", "CPU of one task, one client posting, ms")
            ),
            rf"drain of \d+ keys, tasks/s: Taskline {FIGURE}, reference {FIGURE}; ratio {FIGURE} ",
        ],
    ),
    "soak": (
        ["--short"],
        [
            rf"step  1: +{FIGURE} ms CPU per task",
            rf"the last step costs {FIGURE} times the CPU of the first",
            r"laptop: \d+ MB after the second step, \d+ MB after the last",
        ],
    ),
    "validator": (
        ["1"],
        [
            *(
                rf"{name} +{FIGURE} +{FIGURE} of FastAPI"
                for name in ("floor", "validator", "FastAPI and Mangum, tuned")
            ),
            *(rf"{what} +{FIGURE} +at most" for what in ("cold, of the floor", "warm, of FastAPI and Mangum")),
        ],
    ),
}


@pytest.mark.check  # the rival's packages are installed for it alone
@pytest.mark.parametrize("contestant", [FLOOR, VALIDATOR, FASTAPI, TUNED], ids=lambda one: one.name)
def test_every_contestant_makes_its_calls_and_writes_its_lines(contestant: Contestant) -> None:
    assert cold_start(contestant) > 0, "a wrong response ends the benchmark with a message"


def test_every_benchmark_has_a_short_form() -> None:
    modules = (ROOT / "benchmarks").glob("*.py")
    runnable = {module.stem for module in modules if "__main__" in module.read_text(encoding="utf-8")}
    assert runnable == set(SHORT_FORMS)


def test_the_parts_of_the_protection_are_measured_by_themselves_within_seconds() -> None:
    """Without `nightly`: on a busy machine they are the figures that mean something."""
    command = [sys.executable, "-m", "benchmarks.protection", "--short", "--parts"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert [line.partition(":")[0] for line in ended.stdout.splitlines()[1:]] == [
        "one check of the guard, us of CPU",
        "one commit of the journal, us of CPU",
        "one fsync of the journal, us",
    ]


@pytest.mark.nightly
@pytest.mark.parametrize("name", SHORT_FORMS)
def test_a_benchmark_runs_from_start_to_end(name: str) -> None:
    arguments, figures = SHORT_FORMS[name]
    command = [sys.executable, "-m", f"benchmarks.{name}", *arguments]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    output = f"{ended.stdout}\n{ended.stderr}"
    assert ended.returncode in (0, 1), output
    assert "Traceback" not in ended.stderr, output
    assert ended.returncode == 0 or "MISSED" in ended.stdout, f"only a missed target may be the reason: {output}"
    for figure in figures:
        assert re.search(figure, ended.stdout), f"no line like {figure!r}: {output}"
