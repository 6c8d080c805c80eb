"""How long the state machine can take at most, computed from its own definition."""

from collections.abc import Iterator, Mapping
from typing import Any


def worst_case_seconds(definition: Mapping[str, Any], start: str | None = None) -> int:
    """The longest path through the machine if every attempt of every state times out.

    The `TimeoutSeconds` of the definition's states must be numbers. The path begins at `start`, or at the first state.
    A loop counts once: its own condition, which checks the remaining time, limits how often it is taken.
    """
    states: Mapping[str, Any] = definition["States"]

    def longest(name: str, path: frozenset[str]) -> int:
        state, path = states[name], path | {name}
        return _state_seconds(state) + max(
            (longest(to, path) for to in successors(state) if to not in path), default=0
        )

    return longest(start or definition["StartAt"], frozenset())


def successors(state: Mapping[str, Any]) -> Iterator[str]:
    """The names of all states that can follow, one per transition."""
    yield from (state[field] for field in ("Next", "Default") if field in state)
    yield from (branch["Next"] for branch in (*state.get("Choices", ()), *state.get("Catch", ())))


def _state_seconds(state: Mapping[str, Any]) -> int:
    if state["Type"] == "Task" and "TimeoutSeconds" not in state:
        raise ValueError("a Task without TimeoutSeconds may wait for ever, so there is no worst case")
    retriers = state.get("Retry", ())
    runs = 1 + sum(_max_attempts(retrier) for retrier in retriers)
    return state.get("TimeoutSeconds", 0) * runs + sum(map(_back_off_seconds, retriers))


def _max_attempts(retrier: Mapping[str, Any]) -> int:
    return retrier.get("MaxAttempts", 3)


def _back_off_seconds(retrier: Mapping[str, Any]) -> int:
    """All delays of one retrier, with the language's defaults; full jitter only shortens them."""
    first, rate = retrier.get("IntervalSeconds", 1), retrier.get("BackoffRate", 2)
    delays = [first * rate**retry for retry in range(_max_attempts(retrier))]
    return sum(min(delay, retrier.get("MaxDelaySeconds", delay)) for delay in delays)
