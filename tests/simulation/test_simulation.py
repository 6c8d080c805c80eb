"""Ten thousand schedules of faults through the shipped pipeline, and proof that they would find a mistake."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from tests.simulation import __main__ as command

SCHEDULES = 10_000
FEW_SCHEDULES = 600
PROCESSES = 2


def start(*arguments: str) -> subprocess.Popen[str]:
    """The simulation in a process of its own, without the coverage that would only slow it down."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.simulation", *arguments], env=environment, stdout=subprocess.PIPE, text=True
    )


def test_a_few_hundred_schedules_break_no_promise() -> None:
    assert_no_promise_is_broken(FEW_SCHEDULES)


@pytest.mark.check
def test_ten_thousand_schedules_break_no_promise() -> None:
    assert_no_promise_is_broken(SCHEDULES)


def assert_no_promise_is_broken(schedules: int) -> None:
    each = schedules // PROCESSES
    running = [start("--first", str(number * each), "--count", str(each)) for number in range(PROCESSES)]
    outputs = [process.communicate()[0] for process in running]

    assert [process.returncode for process in running] == [0] * PROCESSES, "\n".join(outputs)
    assert all(output.startswith(f"{each} schedules, 0 broken") for output in outputs), outputs


@pytest.mark.check
def test_every_deliberate_mistake_is_caught() -> None:
    process = start("--mutations", "--count", "6000")
    output = process.communicate()[0]

    assert process.returncode == 0, output
    assert output.count("caught by seed") >= 57


@pytest.mark.check
def test_a_schedule_is_the_same_each_time() -> None:
    outputs = [start("--mutations", "--first", "0", "--count", "8").communicate()[0] for _ in range(2)]

    seeds = [[line.split(": ")[1] for line in output.splitlines()[:-1]] for output in outputs]
    assert seeds[0] == seeds[1]


def test_a_broken_promise_prints_its_replay_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = SimpleNamespace(run=lambda seed: ["it broke"] if seed == 7 else [])
    monkeypatch.setitem(sys.modules, "tests.simulation.run", broken)  # the real one wants an environment of its own

    assert command.schedules(range(10)) == 1
    assert "replay: python -m tests.simulation --seed 7" in capsys.readouterr().out
