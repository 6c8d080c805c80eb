"""When the processor's errors say to run again."""

import pytest

from functions.tasks.errors import TaskNetworkError, TaskRateLimitError, TaskSystemError
from functions.tasks.retry import RetryPolicy
from tests.functions.processing.work import Work


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    return Work(monkeypatch)


@pytest.mark.parametrize(("run", "longest"), [(1, 1.0), (2, 2.0), (3, 4.0)])
def test_a_transient_error_says_when_to_run_again(work: Work, run: int, longest: float) -> None:
    work.does = TaskNetworkError("no route")
    waits = [work.retry_in(run) for _ in range(200)]
    assert all(0 <= wait <= longest for wait in waits)
    assert max(waits) - min(waits) > longest / 2, "full jitter: drawn between nothing and the whole back-off"


def test_patience_ends_with_the_last_attempt(work: Work) -> None:
    work.does = TaskSystemError("down")
    assert work.retry_in(4) is None


def test_an_unknown_error_is_given_one_more_chance(work: Work) -> None:
    work.does = KeyError("k")
    assert work.retry_in(1) is not None
    assert work.retry_in(2) is None


def test_a_rate_limit_is_waited_for_as_long_as_it_asks(work: Work) -> None:
    work.does = TaskRateLimitError("slow down", retry_after=17.5)
    assert work.retry_in(1) == 17.5
    assert work.retry_in(4) is None


def test_a_task_type_has_its_own_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    patient = Work(monkeypatch, RetryPolicy(attempts=7, base=0.5, cap=0.5))
    patient.does = TaskNetworkError("no route")
    assert 0 <= patient.retry_in(6) <= 0.5
    assert patient.retry_in(7) is None
