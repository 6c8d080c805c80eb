"""The shipped pipeline keeps its promises in thousands of schedules of faults."""

import sys
from types import SimpleNamespace

import pytest

from tests.simulation import __main__ as command
from tests.simulation.starting import start

SCHEDULES = 2_000
FEW_SCHEDULES = 600
PROCESSES = 2


def test_a_few_hundred_schedules_break_no_promise() -> None:
    assert_no_promise_is_broken(FEW_SCHEDULES)


@pytest.mark.check
def test_two_thousand_schedules_break_no_promise() -> None:
    assert_no_promise_is_broken(SCHEDULES)


def assert_no_promise_is_broken(schedules: int) -> None:
    each = schedules // PROCESSES
    running = [start("--first", str(number * each), "--count", str(each)) for number in range(PROCESSES)]
    outputs = [process.communicate()[0] for process in running]

    assert [process.returncode for process in running] == [0] * PROCESSES, "\n".join(outputs)
    assert all(output.startswith(f"{each} schedules, 0 broken") for output in outputs), outputs


def test_a_broken_promise_prints_its_replay_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = SimpleNamespace(run=lambda seed: ["it broke"] if seed == 7 else [])
    monkeypatch.setitem(sys.modules, "tests.simulation.run", broken)  # the real module needs its own environment

    assert command.schedules(range(10)) == 1
    assert "replay: python -m tests.simulation --seed 7" in capsys.readouterr().out
