"""The worst case of a state machine, computed by hand for small ones."""

from typing import Any

import pytest

from statemachine.budget import successors, worst_case_seconds
from statemachine.loader import raw_definition

END: dict[str, Any] = {"Type": "Succeed"}


def retry(attempts: int, interval: int = 1, rate: float = 2, cap: int = 100) -> dict[str, Any]:
    return {
        "ErrorEquals": ["States.ALL"],
        "MaxAttempts": attempts,
        "IntervalSeconds": interval,
        "BackoffRate": rate,
        "MaxDelaySeconds": cap,
    }


def machine(**states: dict[str, Any]) -> dict[str, Any]:
    return {"StartAt": next(iter(states)), "States": states}


def task(timeout: int, **more: Any) -> dict[str, Any]:
    return {"Type": "Task", "TimeoutSeconds": timeout, **more}


@pytest.mark.parametrize(
    ("definition", "seconds"),
    [
        (machine(A=END), 0),
        (machine(A=task(5, End=True)), 5),
        (machine(A=task(5, Next="B"), B=task(7, End=True)), 12),
        (machine(A=task(5, End=True, Retry=[retry(3)])), 4 * 5 + 1 + 2 + 4),
        (machine(A=task(5, End=True, Retry=[retry(3, cap=2)])), 4 * 5 + 1 + 2 + 2),
        (machine(A=task(5, End=True, Retry=[retry(2, interval=3, rate=1)])), 3 * 5 + 3 + 3),
        (machine(A=task(5, End=True, Retry=[retry(0), retry(2)])), 3 * 5 + 1 + 2),
        (machine(A=task(5, End=True, Retry=[retry(3), retry(1, cap=1)])), 5 * 5 + 7 + 1),
        (machine(A=task(5, Next="B", Catch=[{"Next": "C"}]), B=task(1, End=True), C=task(9, End=True)), 14),
        (machine(A=task(5, Next="B", Catch=[{"Next": "C"}]), B=task(9, End=True), C=task(1, End=True)), 14),
        (
            machine(
                A={"Type": "Choice", "Choices": [{"Next": "B"}, {"Next": "C"}], "Default": "D"},
                B=task(1, Next="D"),
                C=task(2, Next="D"),
                D=task(4, End=True),
            ),
            6,
        ),
        (machine(A={"Type": "Choice", "Choices": [{"Next": "B"}], "Default": "C"}, B=END, C=task(3, End=True)), 3),
    ],
)
def test_the_worst_case_of_a_small_machine(definition: dict[str, Any], seconds: int) -> None:
    assert worst_case_seconds(definition) == seconds


def test_a_retrier_without_a_cap_waits_its_full_back_off() -> None:
    """MaxDelaySeconds is optional; without it nothing limits the delays."""
    retrier = retry(3)
    del retrier["MaxDelaySeconds"]
    assert worst_case_seconds(machine(A=task(5, End=True, Retry=[retrier]))) == 4 * 5 + 1 + 2 + 4


def test_a_retrier_with_only_error_names_has_the_languages_defaults() -> None:
    """IntervalSeconds 1, BackoffRate 2, MaxAttempts 3 (Amazon States Language, "Retry")."""
    definition = machine(A=task(5, End=True, Retry=[{"ErrorEquals": ["States.ALL"]}]))
    assert worst_case_seconds(definition) == 4 * 5 + 1 + 2 + 4


def test_a_task_without_a_timeout_has_no_worst_case() -> None:
    """By default a Task waits for ever: to count it as nothing would silently break the times chain."""
    with pytest.raises((KeyError, ValueError)):
        worst_case_seconds(machine(A={"Type": "Task", "End": True}))


def test_a_loop_counts_once() -> None:
    """Its own condition, which checks the remaining time, decides how often it is taken."""
    assert worst_case_seconds(machine(A=task(1, Next="B"), B=task(2, Next="A"))) == 3


def test_the_worst_case_from_a_given_state() -> None:
    definition = machine(A=task(1, Next="B"), B=task(2, Next="C"), C=task(4, End=True))
    assert worst_case_seconds(definition, "B") == 6


def test_all_transitions_of_a_state_are_its_successors() -> None:
    state = {"Next": "A", "Default": "B", "Choices": [{"Next": "C"}], "Catch": [{"Next": "D"}, {"Next": "E"}]}
    assert sorted(successors(state)) == ["A", "B", "C", "D", "E"]
    assert list(successors(END)) == []


def test_the_shipped_machine_with_a_handler_of_one_second() -> None:
    """Gate 5, claim 12, look up 5, process 4 x 2 + 7, record 12, dead letter 12, gate 5."""
    definition = raw_definition()
    definition["States"]["ProcessTask"]["TimeoutSeconds"] = 2
    assert worst_case_seconds(definition) == 5 + 12 + 5 + (4 * 2 + 7) + 12 + 12 + 5
