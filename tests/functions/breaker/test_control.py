"""State and pipe stay consistent, whatever crashes in between, and whatever else changes them."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from functions.tasks.breaker.control import BreakerStatus, change, read_status, settle, tick, trip
from functions.tasks.breaker.states import Attempts, Breaker, Period, State, set_manually, tripped
from functions.tasks.errors import Unavailable
from tests.functions.breaker.fakes import NOON, RULES, Crashed, FakePorts

LATER = NOON + RULES.cool_down


def alarm(ports: FakePorts) -> BreakerStatus:
    ports.periods = [Period(start=NOON, attempts=Attempts(count=4, failures=4))]
    try:
        return trip(ports.control, reason="too many", at=NOON)
    finally:
        ports.periods = []


def change_to(ports: FakePorts, state: State) -> BreakerStatus:
    return change(ports.control, lambda b: set_manually(b, state, reason="Anna's order", by="arn:anna", now=NOON))


def close(ports: FakePorts) -> BreakerStatus:
    return change_to(ports, State.CLOSED)


def at(ports: FakePorts, now: datetime) -> BreakerStatus:
    """A tick at that time."""
    ports.now = now
    return tick(ports.control)


def cool_down(ports: FakePorts) -> BreakerStatus:
    return at(ports, LATER)


def opened() -> FakePorts:
    ports = FakePorts()
    alarm(ports)
    ports.calls.clear()
    return ports


def consistent(ports: FakePorts) -> bool:
    assert ports.breaker is not None
    return (ports.desired == "STOPPED") == (ports.breaker.state is State.OPEN) == bool(ports.breaker.held)


def test_an_alarm_stops_the_pipe() -> None:
    ports = opened()
    assert (ports.desired, consistent(ports)) == ("STOPPED", True)


def test_an_alarm_that_arrives_twice_stops_it_once() -> None:
    ports = opened()
    alarm(ports)
    assert "stop" not in ports.calls
    assert "save" not in ports.calls


def test_after_the_cool_down_the_pipe_runs_and_after_a_good_probe_the_breaker_is_closed() -> None:
    ports = opened()
    assert cool_down(ports).breaker.state is State.HALF_OPEN
    assert ports.desired == "RUNNING"
    ports.attempts = Attempts(count=10, failures=1)
    assert at(ports, LATER + RULES.probe).breaker.state is State.CLOSED
    assert consistent(ports)


def test_after_a_bad_probe_the_pipe_is_stopped_again() -> None:
    ports = opened()
    cool_down(ports)
    ports.attempts = Attempts(count=1, failures=1)
    assert at(ports, LATER + RULES.probe).breaker.state is State.OPEN
    assert ports.desired == "STOPPED"
    assert consistent(ports)


STORIES: dict[str, tuple[Callable[[], FakePorts], Callable[[FakePorts], BreakerStatus]]] = {
    "alarm": (FakePorts, alarm),
    "manual open": (FakePorts, lambda ports: change_to(ports, State.OPEN)),
    "manual close": (opened, close),
    "cool-down": (opened, cool_down),
}


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("crashes_after", [False, True])
def test_a_crash_at_any_call_is_repaired_by_the_next_tick(story: str, crashes_after: bool) -> None:
    start, act = STORIES[story]
    call = 0
    while True:
        call += 1
        ports = start()
        ports.crashes_at, ports.crashes_after = call, crashes_after
        try:
            act(ports)
            break
        except Crashed:
            ports.crashes_at = 0
            at(ports, NOON)
            assert consistent(ports), f"{story}, crashed at call {call}"
    assert call > 4, "it crashed at each of the calls"


def test_a_pipe_that_an_operator_stopped_is_reported_and_not_started() -> None:
    ports = FakePorts(desired="STOPPED", current="STOPPED")
    status = at(ports, NOON)
    assert status.pipe_stopped
    assert "start" not in ports.calls
    assert not alarm(ports).pipe_stopped, "the pipe of an open breaker is meant to be stopped"
    assert close(ports).pipe_stopped, "the breaker does not owe its start"
    assert ports.desired == "STOPPED"


def test_a_pipe_that_aws_disabled_is_reported() -> None:
    ports = FakePorts(desired="RUNNING", current="STOPPED")
    assert at(ports, NOON).pipe_stopped
    assert ports.calls.count("start") == 0


@pytest.mark.parametrize("state", ["STARTING", "CREATING", "UPDATING"])
def test_a_pipe_that_is_starting_is_not_reported_as_stopped(state: str) -> None:
    assert not at(FakePorts(current=state), NOON).pipe_stopped


@pytest.mark.parametrize("state", ["STOPPED", "STOPPING", "START_FAILED", "UPDATE_FAILED"])
def test_a_pipe_that_fails_to_start_is_reported_as_stopped(state: str) -> None:
    assert at(FakePorts(current=state), NOON).pipe_stopped


def test_a_pipe_that_is_started_while_the_breaker_is_open_is_stopped_again() -> None:
    ports = opened()
    ports.desired = ports.current = "RUNNING"
    at(ports, NOON)
    assert consistent(ports)


def test_a_pipe_in_the_middle_of_a_change_is_stopped_by_a_later_tick() -> None:
    ports = FakePorts(busy=True)
    alarm(ports)
    assert ports.desired == "RUNNING"
    ports.busy = False
    at(ports, NOON)
    assert consistent(ports)


def test_a_pipe_in_the_middle_of_a_change_is_started_by_a_later_tick() -> None:
    ports = opened()
    ports.busy = True
    assert not close(ports).pipe_stopped, "it is about to be started"
    ports.busy = False
    at(ports, NOON)
    assert consistent(ports)


def test_a_stop_that_comes_after_the_breaker_was_closed_is_undone() -> None:
    class Overtaken(FakePorts):
        def stop(self) -> bool:
            if "stop" not in self.calls:
                self.calls.append("stop")
                close(self)
            return super().stop()

    ports = Overtaken()
    alarm(ports)
    assert ports.breaker is not None
    assert ports.breaker.state is State.CLOSED
    assert (ports.desired, consistent(ports)) == ("RUNNING", True)


def test_concurrent_changes_do_not_overwrite_each_other() -> None:
    ports = FakePorts()
    first = True

    def overtaken(breaker: Breaker) -> Breaker:
        nonlocal first
        if first:
            first = False
            change_to(ports, State.OPEN)
        return tripped(breaker, reason="too many", at=NOON, now=NOON)

    assert change(ports.control, overtaken).breaker.manual, "the operator's decision prevails"


def test_a_breaker_that_others_keep_changing_is_unavailable() -> None:
    class Contended(FakePorts):
        def save(self, breaker: Breaker) -> bool:
            return False

    with pytest.raises(Unavailable, match=r"^the breaker keeps being changed by others$"):
        alarm(Contended())
    ports = Contended(breaker=opened().breaker)
    with pytest.raises(Unavailable, match=r"^the pipe does not follow the breaker$"):
        settle(ports.control)


def test_reading_the_status_changes_nothing() -> None:
    ports = FakePorts()
    assert read_status(ports.control).breaker.state is State.CLOSED
    assert ports.calls == ["load", "describe"]


def test_a_quiet_tick_writes_nothing() -> None:
    ports = FakePorts()
    at(ports, NOON)
    ports.calls.clear()
    at(ports, NOON + timedelta(minutes=1))
    assert set(ports.calls) == {"load", "describe"}


# Rate and volume of one period


class Minute(FakePorts):
    """The runs of a minute, each at its second: how many there were, and how many of them failed, at any moment."""

    def run(self, *failed_at: int, good_from: int = 0, good_to: int = 0) -> None:
        """One failed run at each of these seconds, and one good run at each second of a range."""
        self.runs = [(second, 1) for second in failed_at] + [(second, 0) for second in range(good_from, good_to)]

    def latest(self, now: datetime, period: timedelta) -> list[Period]:
        known = [failed for second, failed in self.runs if NOON + timedelta(seconds=second) <= now]
        return [Period(start=NOON, attempts=Attempts(count=len(known), failures=sum(known)))] if known else []


def open_at(ports: Minute) -> int | None:
    """Walk through the minute; an alarm goes off at each second, though one of its parts looks at another moment."""
    for second in range(60):
        ports.now = NOON + timedelta(seconds=second)
        if trip(ports.control, reason="an alarm", at=ports.now).breaker.state is State.OPEN:
            return second
    return None


def test_one_failure_before_a_hundred_good_runs_opens_nothing() -> None:
    ports = Minute()
    ports.run(0, good_from=2, good_to=60)
    assert open_at(ports) is None


def test_half_of_the_runs_failing_opens_it_at_the_second_in_which_there_are_enough_of_them() -> None:
    ports = Minute()
    ports.run(1, 7, good_from=30, good_to=32)
    assert open_at(ports) == 31


def test_failures_without_enough_runs_open_nothing() -> None:
    ports = Minute()
    ports.run(1, 7, 20)
    assert open_at(ports) is None


def test_a_tick_opens_it_when_the_alarm_went_off_too_early() -> None:
    ports = Minute()
    ports.run(1, 2, 40, 41)
    at(ports, NOON - timedelta(minutes=2))
    assert at(ports, NOON + timedelta(seconds=30)).breaker.state is State.CLOSED
    status = at(ports, NOON + timedelta(seconds=45))
    assert (status.breaker.state, status.breaker.by) == (State.OPEN, "alarm")
    assert status.breaker.reason == "4 of 4 attempts failed"


def test_runs_of_a_period_that_began_before_a_manual_close_do_not_open_it_again() -> None:
    ports = Minute(now=NOON + timedelta(seconds=50))
    ports.run(1, 2, 40, 41)
    change(ports.control, lambda b: set_manually(b, State.CLOSED, reason="fixed", by="anna", now=ports.now))
    assert at(ports, NOON + timedelta(seconds=55)).breaker.state is State.CLOSED


def test_a_tick_leaves_a_breaker_on_trial_to_its_probe_window() -> None:
    on_trial = Breaker(state=State.HALF_OPEN, since=NOON, reason="a trial", by="schedule", version=3)
    ports = Minute(breaker=on_trial)
    ports.run(1, 2, 3, 4)
    assert at(ports, NOON + timedelta(seconds=30)).breaker.state is State.HALF_OPEN
