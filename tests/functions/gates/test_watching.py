"""The gatekeeper looks after executions of tasks that take long: those that have ended, and those that are to stop."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from functions.tasks.clock import timestamp
from functions.tasks.gates.model import Gate
from functions.tasks.gates.steering import Head
from functions.tasks.model import Status
from functions.tasks.runs.watching import NOT_STARTED, ExecutionState, Watch, look_after

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
GRACE = timedelta(minutes=5)


@dataclass
class Watched:
    """Executions and what is done about them."""

    states: dict[str, ExecutionState] = field(default_factory=dict[str, ExecutionState])
    listed: set[str] = field(default_factory=set[str])
    asked: list[str] = field(default_factory=list[str])
    done: list[str] = field(default_factory=list[str])

    def running(self) -> set[str]:
        return self.listed

    def state(self, name: str) -> ExecutionState:
        self.asked.append(name)
        return self.states.get(name, ExecutionState.UNKNOWN)

    def stop(self, name: str, cause: str) -> None:
        self.done.append(f"stop {name}: {cause}")

    def forget(self, gate: Gate) -> None:
        self.done.append(f"forget {gate.execution}")

    def send_again(self, gate: Gate) -> None:
        self.done.append(f"send {gate.head} again")

    def settle_cancelled(self, gate: Gate, at: datetime, expires_at: int) -> None:
        assert at == NOW
        assert expires_at == int((NOW + timedelta(days=7)).timestamp())
        self.done.append(f"settle {gate.head}")


def a_gate(execution: str | None = "run", head: str | None = "task", handed: timedelta = timedelta(minutes=1)) -> Gate:
    return Gate(
        group="key",
        ordering_key="key",
        tenant=None,
        closed_at=timestamp(NOW - handed),
        head=head,
        execution=execution,
        handed_at=timestamp(NOW - handed),
    )


def look(
    watched: Watched, *gates: Gate, cancelled: timedelta | None = None, status: Status = Status.PROCESSING
) -> list[str]:
    asked = None if cancelled is None else timestamp(NOW - cancelled)
    heads = {"task": Head(status=status, tenant=None, cancel_requested_at=asked)}
    watch = Watch(executions=watched, tasks=watched, grace=GRACE, keep_for=timedelta(days=7))
    return look_after(gates, heads, watch, NOW)


def test_one_that_runs_is_left_alone_and_not_asked_for() -> None:
    watched = Watched(listed={"run"})
    assert look(watched, a_gate()) == []
    assert (watched.asked, watched.done) == ([], [])


def test_one_that_the_list_does_not_know_yet_is_asked_for() -> None:
    watched = Watched(states={"run": ExecutionState.RUNNING})
    assert look(watched, a_gate()) == []
    assert (watched.asked, watched.done) == (["run"], [])


def test_one_that_has_succeeded_is_forgotten() -> None:
    """As that of a failed task whose key it has halted."""
    watched = Watched(states={"run": ExecutionState.SUCCEEDED})
    assert look(watched, a_gate()) == []
    assert watched.done == ["forget run"]


def test_the_task_of_one_that_has_ended_otherwise_is_sent_again() -> None:
    watched = Watched(states={"run": ExecutionState.ENDED})
    assert look(watched, a_gate()) == ["run"]
    assert watched.done == ["send task again"]


@pytest.mark.parametrize(("handed", "lost"), [(timedelta(minutes=1), []), (NOT_STARTED * 1.1, ["run"])])
def test_one_that_does_not_exist_may_still_be_started_for_a_while(handed: timedelta, lost: list[str]) -> None:
    watched = Watched()
    assert look(watched, a_gate(handed=handed)) == lost
    assert watched.done == ["send task again"] * len(lost)


def test_gates_without_an_execution_need_no_listing() -> None:
    class NoListing(Watched):
        def running(self) -> set[str]:
            raise AssertionError

    assert look(NoListing(), a_gate(execution=None), a_gate(head=None)) == []


@pytest.mark.parametrize(
    ("cancelled", "status", "done"),
    [
        (GRACE - timedelta(seconds=1), Status.PROCESSING, []),
        (GRACE, Status.PROCESSING, ["stop run: the task was cancelled", "settle task"]),
        (GRACE, Status.QUEUED, []),
    ],
    ids=["within the grace period", "after it", "not begun"],
)
def test_one_whose_task_was_cancelled_is_stopped_after_a_grace_period(
    cancelled: timedelta, status: Status, done: list[str]
) -> None:
    watched = Watched(listed={"run"})
    assert look(watched, a_gate(), cancelled=cancelled, status=status) == []
    assert watched.done == done
