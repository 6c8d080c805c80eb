"""The shipped pipeline keeps its promises in thousands of schedules of faults."""

import sys
from types import SimpleNamespace

import pytest

from tests.simulation import __main__ as command
from tests.simulation.starting import start

FEW = range(60)
MANY = range(60, 7_000)
FEW_GATED = range(12)
MANY_GATED = range(12, 3_000)  # with the usual ones, ten thousand each night
FEW_LONG = range(8)
MANY_LONG = range(8, 3_000)
PROCESSES = 2


def test_a_few_hundred_schedules_break_no_promise() -> None:
    assert_no_promise_is_broken(FEW)


def test_some_changes_of_the_number_of_lanes_break_no_promise() -> None:
    assert_no_promise_is_broken(range(20), "--lanes")


def test_some_halted_keys_break_no_promise() -> None:
    assert_no_promise_is_broken(FEW_GATED, "--gates")


def test_some_tasks_that_take_long_break_no_promise() -> None:
    assert_no_promise_is_broken(FEW_LONG, "--long")


@pytest.mark.nightly
def test_thousands_of_tasks_that_take_long_break_no_promise() -> None:
    assert_no_promise_is_broken(MANY_LONG, "--long")


@pytest.mark.nightly
def test_thousands_of_halted_keys_break_no_promise() -> None:
    assert_no_promise_is_broken(MANY_GATED, "--gates")


@pytest.mark.nightly
def test_a_thousand_changes_of_the_number_of_lanes_break_no_promise() -> None:
    assert_no_promise_is_broken(range(20, 1_000), "--lanes")


@pytest.mark.nightly
def test_thousands_of_usual_schedules_break_no_promise() -> None:
    assert_no_promise_is_broken(MANY)


def assert_no_promise_is_broken(schedules: range, *options: str) -> None:
    each = len(schedules) // PROCESSES
    firsts = [schedules.start + number * each for number in range(PROCESSES)]
    running = [start("--first", str(first), "--count", str(each), *options) for first in firsts]
    outputs = [process.communicate()[0] for process in running]

    assert [process.returncode for process in running] == [0] * PROCESSES, "\n".join(outputs)
    assert all(output.startswith(f"{each} schedules, 0 broken") for output in outputs), outputs


def test_a_broken_promise_prints_its_replay_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = SimpleNamespace(run=lambda seed, _: ["it broke"] if seed == 7 else [], System=lambda **_: None)
    monkeypatch.setitem(sys.modules, "tests.simulation.run", broken)  # the real module needs its own environment

    assert command.schedules(range(10), lanes=True) == 1
    assert "replay: python -m tests.simulation --seed 7 --lanes" in capsys.readouterr().out
