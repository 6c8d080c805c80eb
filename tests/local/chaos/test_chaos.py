"""Under kills, freezes and a full disk nothing that was accepted is lost, run again, or overtaken."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.local.chaos.run import FAULTS, FORGET_A_SUCCESS, Chaos, Outcome
from tests.local.chaos.witness import Run

pytestmark = pytest.mark.check


@pytest.mark.nightly
def test_every_fault_under_load_breaks_no_promise(tmp_path: Path) -> None:
    outcome = Chaos(tmp_path, tasks=400, keys=20, seed=1).run(FAULTS)
    assert outcome.broken_promises() == []
    assert len(outcome.tasks) == 400
    assert {task["status"] for task in outcome.tasks.values()} == {"succeeded", "failed"}
    assert len(outcome.recovered) >= 3, "the emulator was killed twice or more, and twice could not save"


@pytest.mark.nightly
def test_without_the_journal_tasks_are_lost(tmp_path: Path) -> None:
    """A deliberate mistake, which the run above would find."""
    outcome = Chaos(tmp_path, tasks=60, keys=20, seed=2, journaled=False).run(["kill_everything"])
    assert [line for line in outcome.broken_promises() if line.startswith("lost: ")]


@pytest.mark.nightly
def test_a_task_that_runs_again_after_its_success_is_found(tmp_path: Path) -> None:
    """Another deliberate mistake in a running system. The task ends well again: only its runs tell."""
    outcome = Chaos(tmp_path, tasks=60, keys=20, seed=3).run([FORGET_A_SUCCESS])
    assert {task["status"] for task in outcome.tasks.values()} <= {"succeeded", "failed"}
    assert "run after it had succeeded" in {line.partition(":")[0] for line in outcome.broken_promises()}


def test_the_checks_find_what_they_are_for() -> None:
    """Deliberate mistakes again, one for each promise."""
    first, second = ("k", 0), ("k", 1)
    ok = {"status": "succeeded"}
    kept = Outcome(accepted={first: "t0", second: "t1"}, tasks={first: ok, second: ok})
    assert kept.broken_promises() == []
    kept.runs = [Run("k", 0, 1.0), Run("k", 1, 2.0)]
    kept.succeeded = {first: 1.5}
    assert kept.broken_promises() == []
    kept.runs.append(Run("k", 0, 3.0))
    assert [line.partition(":")[0] for line in kept.broken_promises()] == [
        "run after it had succeeded",
        "out of order",
    ]
    lost = Outcome(accepted={first: "t0"}, tasks={first: {"status": 404}})
    assert len(lost.broken_promises()) == 1
    unreported = Outcome(accepted={first: "t0"}, tasks={first: {"status": "failed"}}, dead_letters={"t1"})
    assert len(unreported.broken_promises()) == 2
    assert Outcome(accepted={first: "t0"}).broken_promises() == ["never looked at: ('k', 0)"]
