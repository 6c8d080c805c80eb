"""Retry policies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.tasks.errors import TaskNetworkError, TaskRateLimitError, TaskUnknownError, TaskValidationError
from functions.tasks.retry import MAX_RETRY_AFTER_SECONDS, RetryPolicy

DRAWS = st.floats(0, 1)


@given(draw=DRAWS, run=st.integers(1, 9), base=st.floats(0.1, 5), factor=st.floats(1, 10))
def test_a_wait_is_never_longer_than_back_off_and_cap(draw: float, run: int, base: float, factor: float) -> None:
    policy = RetryPolicy(attempts=10, base=base, cap=base * factor)
    wait = policy.retry_in(TaskNetworkError(), run, draw)
    assert wait is not None
    assert 0 <= wait <= min(policy.cap, base * 2 ** (run - 1))


@given(draw=DRAWS, run=st.integers(1, 20))
def test_a_permanent_error_is_never_retried(draw: float, run: int) -> None:
    assert RetryPolicy(attempts=10).retry_in(TaskValidationError(), run, draw) is None


@pytest.mark.parametrize(("attempts", "runs"), [(1, 1), (2, 2), (10, 2)])
def test_an_unknown_error_is_retried_once_if_the_policy_allows_any(attempts: int, runs: int) -> None:
    policy = RetryPolicy(attempts=attempts)
    assert [policy.retry_in(TaskUnknownError(), run, 0.5) is None for run in (1, 2, 3)] == [
        run >= runs for run in (1, 2, 3)
    ]


def test_a_rate_limit_shorter_than_the_back_off_does_not_shorten_it() -> None:
    assert RetryPolicy().retry_in(TaskRateLimitError(retry_after=0.1), 3, 1.0) == 4.0


def test_an_endless_rate_limit_is_capped() -> None:
    assert RetryPolicy().retry_in(TaskRateLimitError(retry_after=1e12), 1, 0.0) == MAX_RETRY_AFTER_SECONDS


def test_the_worst_case_counts_all_waits_and_all_runs_but_the_first() -> None:
    assert RetryPolicy(attempts=4, base=1, cap=4).worst_case_seconds(5) == 1 + 2 + 4 + 3 * 5
    assert RetryPolicy(attempts=1).worst_case_seconds(5) == 0


@pytest.mark.parametrize("wrong", [{"attempts": 0}, {"attempts": 11}, {"base": 0.0}, {"base": 5.0}, {"cap": 0.5}])
def test_an_invalid_policy_is_refused_by_name(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        RetryPolicy(**wrong)  # pyright: ignore[reportArgumentType]
