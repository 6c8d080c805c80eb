"""When the processor's errors ask for another run."""

import logging

import pytest

from functions import processor
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
    assert max(waits) - min(waits) > longest / 2, "full jitter: drawn between zero and the whole back-off"


def test_retries_end_with_the_last_attempt(work: Work) -> None:
    work.does = TaskSystemError("down")
    assert work.retry_in(4) is None


def test_an_unknown_error_is_retried_once(work: Work) -> None:
    work.does = KeyError("k")
    assert work.retry_in(1) is not None
    assert work.retry_in(2) is None


def test_a_rate_limits_retry_after_is_honoured(work: Work) -> None:
    work.does = TaskRateLimitError("slow down", retry_after=17.5)
    assert work.retry_in(1) == 17.5
    assert work.retry_in(4) is None


def test_a_task_type_has_its_own_retry_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    custom = Work(monkeypatch, RetryPolicy(attempts=7, base=0.5, cap=0.5))
    custom.does = TaskNetworkError("no route")
    assert 0 <= custom.retry_in(6) <= 0.5
    assert custom.retry_in(7) is None


@pytest.mark.parametrize(("level", "logged"), [("DEBUG", True), ("INFO", False), ("WARNING", False)])
def test_where_a_run_failed_is_logged_for_those_who_write_types_alone(
    work: Work, monkeypatch: pytest.MonkeyPatch, level: str, logged: bool
) -> None:
    """And without secrets: a stage that logs everything is still one that people read."""
    lines: list[str] = []
    monkeypatch.setattr(processor.logger, "debug", lambda message, **fields: lines.append(fields["traceback"]))
    monkeypatch.setattr(type(processor.logger), "log_level", getattr(logging, level))
    work.does = TaskNetworkError("no route for someone@example.com")
    work.retry_in(1)
    assert bool(lines) is logged
    assert all("no route for [email]" in line and "Traceback" in line for line in lines)
