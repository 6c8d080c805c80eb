"""The breaker's minutes, second by second, through the parts that judge them: metrics, alarms, and what opens it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from functions.adapters.breaker import CloudWatchAttempts
from functions.tasks.breaker.control import trip
from functions.tasks.breaker.states import Attempts, State
from local.emulator.clients import Clients
from local.emulator.server import Emulator
from local.host.state_dir import StateDir
from local.program.declarations.model import AlarmDeclaration
from local.services.alarms.runner import AlarmEvaluator
from local.services.metrics.embedded import Sample, Series
from local.services.metrics.store import MetricStore, requests
from tests.functions.breaker.fakes import RULES, FakePorts

SERIES = Series(
    namespace="Taskline", name="TransientFailure", unit="Count", dimensions=(("service", "processor"),), resolution=1
)
MINUTE = 60
COMPOSITE = "trip"


def alarm(name: str, statistic: str, threshold: float) -> AlarmDeclaration:
    """One of the two that the composite alarm is made of."""
    return AlarmDeclaration(
        name=name,
        namespace=SERIES.namespace,
        metric=SERIES.name,
        dimensions=dict(SERIES.dimensions),
        statistic=statistic,
        period=MINUTE,
        periods=1,
        threshold=threshold,
        comparison="GreaterThanOrEqualToThreshold",
        missing="notBreaching",
    )


PARTS = [alarm("rate", "Average", RULES.failure_rate), alarm("volume", "SampleCount", RULES.minimum)]


class Walk:
    """Two minutes that begin at `start`, on an emulator's CloudWatch."""

    def __init__(self, clients: Clients) -> None:
        self.aws: Any = clients.cloudwatch
        self.clients = clients
        for part in PARTS:
            self.aws.put_metric_alarm(
                AlarmName=part.name,
                Metrics=[{"Id": "m1", "ReturnData": True, "MetricStat": part.metric_stat()}],
                EvaluationPeriods=part.periods,
                Threshold=part.threshold,
                ComparisonOperator=part.comparison,
                TreatMissingData=part.missing,
            )
        self.aws.put_composite_alarm(AlarmName=COMPOSITE, AlarmRule="ALARM(rate) AND ALARM(volume)")
        self.start = int(datetime.now(UTC).timestamp()) // MINUTE * MINUTE - 4 * MINUTE
        self.alarmed: list[int] = []

    def opens_at(self, runs: Callable[[int], list[float]]) -> int | None:
        """Walk; `runs` are the values of the metric in each second. The second in which the breaker opens."""
        now = float(self.start)
        store = MetricStore(clock=lambda: now)
        alarms = AlarmEvaluator(self.clients, PARTS, clock=lambda: now)
        ports = FakePorts()
        attempts = CloudWatchAttempts("Taskline", "processor", self.aws)
        for second in range(2 * MINUTE):
            now = self.start + second + 0.5
            moment = datetime.fromtimestamp(now, UTC)
            for value in runs(second):
                store.add(Sample(series=SERIES, value=value, moment=int(now * 1000)))
            for request in requests(store.due()):
                self.aws.put_metric_data(**request)
            alarms.evaluate()
            if self.is_alarming():
                self.alarmed.append(second)
                ports.now = moment
                control = replace(ports.control, attempts=attempts)
                if trip(control, reason="an alarm", at=moment).breaker.state is State.OPEN:
                    return second
        return None

    def is_alarming(self) -> bool:
        found = self.aws.describe_alarms(AlarmNames=[COMPOSITE], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
        return found[0]["StateValue"] == "ALARM"


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    state = StateDir(tmp_path / "state")
    state.acquire()
    state.prepare()
    emulator = Emulator(state, "us-east-1")
    emulator.start()
    try:
        emulator.wait_until_ready()
        yield Walk(Clients(emulator.endpoint, "us-east-1"))
    finally:
        emulator.stop()
        state.release()


@pytest.mark.check
def test_one_failure_at_the_beginning_of_a_minute_never_alarms(walk: Walk) -> None:
    """Rate goes back to OK in the evaluation in which volume goes to ALARM, in either minute."""

    def runs(second: int) -> list[float]:
        if second in (0, MINUTE):
            return [1.0]
        return [0.0, 0.0] if second % MINUTE >= 15 else []

    assert walk.opens_at(runs) is None
    assert walk.alarmed == []


@pytest.mark.check
def test_failures_on_both_sides_of_a_boundary_are_enough_only_within_a_minute(walk: Walk) -> None:
    few_in_each = {MINUTE - 4: [1.0], MINUTE - 2: [1.0], MINUTE + 1: [1.0], MINUTE + 3: [1.0]}
    assert walk.opens_at(lambda second: few_in_each.get(second, [])) is None
    assert walk.alarmed == []


@pytest.mark.check
def test_a_minute_that_fails_after_one_that_went_well_opens_it_with_the_next_evaluation(walk: Walk) -> None:
    opened = walk.opens_at(lambda second: [0.0] if second < MINUTE else [1.0])
    assert opened is not None
    assert walk.alarmed == [opened]
    assert MINUTE + RULES.minimum <= opened <= MINUTE + 20


@pytest.mark.check
def test_a_minute_that_failed_opens_it_even_if_it_ends_before_the_alarm(walk: Walk) -> None:
    """The last seconds of a minute are evaluated in the next one, which has no runs."""
    opened = walk.opens_at(lambda second: [1.0] if MINUTE - 4 <= second < MINUTE else [])
    assert opened is not None
    assert MINUTE <= opened <= MINUTE + 20


def test_the_runs_of_two_minutes_are_counted_apart_in_every_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first run is in second 0, since moto's periods begin with the first value."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        aws: Any = boto3.client("cloudwatch")
        counter = CloudWatchAttempts("Taskline", "processor", aws)
        start = datetime.fromtimestamp(int(datetime.now(UTC).timestamp()) // MINUTE * MINUTE - 4 * MINUTE, UTC)
        for second in range(MINUTE + 20):
            now = start + timedelta(seconds=second)
            value = float(second % 2)
            datum: dict[str, Any] = {"MetricName": SERIES.name, "Value": value, "Timestamp": now}
            datum["Dimensions"] = [{"Name": "service", "Value": "processor"}]
            aws.put_metric_data(Namespace="Taskline", MetricData=[datum])
            latest = counter.latest(now, timedelta(minutes=1))
            counted = {one.start.astimezone(UTC): one.attempts for one in latest}
            before, after = range(min(second + 1, MINUTE)), range(MINUTE, second + 1)
            expected = {start: before} | ({start + timedelta(minutes=1): after} if after else {})
            assert counted == {
                moment: Attempts(count=len(seconds), failures=sum(one % 2 for one in seconds))
                for moment, seconds in expected.items()
            }, second
