"""Metrics on the laptop: extracted from log lines as by CloudWatch, added up per period, put in few datums."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from local.emulator.clients import Clients
from local.services.metrics.embedded import samples
from local.services.metrics.publisher import MOST_DATUMS, MetricPublisher
from local.services.metrics.store import FEW_VALUES, MOST_VALUES, SHORT_PERIOD, SHORT_WAIT, MetricStore, requests

START = 1_769_860_800.0  # the start of a minute
MINUTE, LONG_AGO, IN_THE_FUTURE = 60, START - 15 * 86_400, START + 3 * 3600


class Clock:
    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> MetricStore:
    return MetricStore(clock)


def a_line(
    metrics: dict[str, Any],
    dimensions: Any = None,
    *,
    at: float = START,
    about: dict[str, Any] | None = None,
    **fields: Any,
) -> str:
    """A line in the embedded metric format. `about` holds further properties of each metric."""
    directive = {
        "Namespace": "Taskline",
        "Dimensions": [["service"]] if dimensions is None else dimensions,
        "Metrics": [{"Name": name, "Unit": "Count", **(about or {})} for name in metrics],
    }
    declared = {"Timestamp": int(at * 1000), "CloudWatchMetrics": [directive]}
    return json.dumps({"_aws": declared, "service": "processor", **metrics, **fields})


def due(store: MetricStore, *, everything: bool = False) -> list[dict[str, Any]]:
    """The datums that are due now."""
    return [datum for request in requests(store.due(everything=everything)) for datum in request["MetricData"]]


def counts(datum: dict[str, Any]) -> dict[float, float]:
    return dict(zip(datum["Values"], datum["Counts"], strict=True))


def total(datums: list[dict[str, Any]]) -> float:
    """The sum of all values in the datums."""
    return sum(value * count for datum in datums for value, count in counts(datum).items())


def test_a_value_becomes_a_datum_with_its_unit_its_dimensions_and_its_period(store: MetricStore) -> None:
    store.take_line(a_line({"Size": 3}, at=START + 12.3))
    (request,) = requests(store.due())
    assert request == {
        "Namespace": "Taskline",
        "MetricData": [
            {
                "MetricName": "Size",
                "Unit": "Count",
                "Dimensions": [{"Name": "service", "Value": "processor"}],
                "Timestamp": START,
                "StorageResolution": 60,
                "Values": [3.0],
                "Counts": [1.0],
            }
        ],
    }


def test_values_of_one_metric_and_period_are_one_datum(store: MetricStore) -> None:
    for value in ([1.0, 0.0], 1.0, 1):
        store.take_line(a_line({"Failed": value}))
    store.take_line(a_line({"Failed": 1}, at=START - MINUTE))
    of_last_period, of_this_period = sorted(due(store), key=lambda datum: datum["Timestamp"])
    assert counts(of_this_period) == {1.0: 3.0, 0.0: 1.0}
    assert counts(of_last_period) == {1.0: 1.0}, "a value counts in the period in which it was written"


def test_each_set_of_dimensions_is_a_separate_metric(store: MetricStore) -> None:
    store.take_line(a_line({"Size": 1}, [["service"], ["type", "service"], []], type="demo"))
    names = [[dimension["Name"] for dimension in datum["Dimensions"]] for datum in due(store)]
    assert names == [["service"], ["service", "type"], []]


def test_a_missing_unit_or_resolution_has_cloudwatch_s_default(store: MetricStore) -> None:
    document = json.loads(a_line({"Size": 1}))
    document["_aws"]["CloudWatchMetrics"][0]["Metrics"] = [{"Name": "Size"}]
    store.take_line(json.dumps(document))
    (datum,) = due(store)
    assert (datum["Unit"], datum["StorageResolution"]) == ("None", 60)


def test_each_namespace_is_a_request(store: MetricStore) -> None:
    store.take_line(a_line({"Size": 1}))
    store.record("AWS/Lambda", {"FunctionName": "demo"}, {"Invocations": 1.0, "Duration": 12.5})
    by_namespace = {request["Namespace"]: request["MetricData"] for request in requests(store.due())}
    assert list(by_namespace) == ["AWS/Lambda", "Taskline"]
    units = {datum["MetricName"]: datum["Unit"] for datum in by_namespace["AWS/Lambda"]}
    assert units == {"Invocations": "Count", "Duration": "Milliseconds"}


@pytest.mark.parametrize(
    "line",
    [
        *("", "not JSON", "[]", "{}", '"_aws"', '{"_aws": 1}', '{"_aws": {"Timestamp": 1}}'),
        *(a_line({"x": value}) for value in ("text", {}, None, True, float("nan"), float("inf"), 10**400, ["2"])),
        *(a_line({"x": 1}, dimensions) for dimensions in ("service", [["missing"]], [[1]], 1)),
        *(a_line({"x": 1}, about={"StorageResolution": resolution}) for resolution in (0, 5, "1", None, [])),
        *(a_line({"x": 1}, about={"Unit": unit}) for unit in (1, None, [])),
        *(a_line({"x": 1}, about={"Name": name}) for name in (1, None, "")),
        *(a_line({"x": 1}, at=moment) for moment in (LONG_AGO, IN_THE_FUTURE, 10**300)),
        a_line({"x": 1}).replace('"Taskline"', "[]"),
        '{"_aws": ' + "[" * 200_000,
    ],
    ids=lambda line: line[:30] + str(len(line)),
)
def test_a_line_that_cloudwatch_would_not_understand_is_skipped(store: MetricStore, line: str) -> None:
    store.take_line(line)
    assert due(store, everything=True) == []


def test_values_before_a_bad_one_are_counted() -> None:
    assert [sample.value for sample in samples(a_line({"good": 1, "bad": "text"}))] == [1.0]


def test_the_first_value_of_a_quiet_metric_is_due_immediately(store: MetricStore, clock: Clock) -> None:
    clock.time += 5
    store.take_line(a_line({"Size": 1}, at=clock.time))
    assert total(due(store)) == 1
    assert due(store) == [], "nothing is published twice"
    clock.time += 10 * MINUTE
    store.take_line(a_line({"Size": 1}, at=clock.time))
    assert total(due(store)) == 1, "it was quiet for a long time"


def test_a_busy_metric_has_few_datums_per_period_and_loses_nothing(store: MetricStore, clock: Clock) -> None:
    put: list[dict[str, Any]] = []
    for second in range(10 * MINUTE):
        clock.time = START + 7 + second
        store.take_line(a_line({"Size": [1] * 5}, at=clock.time))
        put += due(store)
    periods = [datum["Timestamp"] for datum in put]
    assert max(periods.count(period) for period in periods) <= 3, "the emulator walks through every datum it holds"
    assert total(put + due(store, everything=True)) == 5 * 10 * MINUTE


def test_the_few_values_of_a_quiet_metric_are_all_due_immediately(store: MetricStore, clock: Clock) -> None:
    for second in range(FEW_VALUES):
        clock.time = START + second
        store.take_line(a_line({"Open": second % 2}, at=clock.time))
        assert total(due(store)) == second % 2, "a switch that changes twice within a minute is seen twice"


def test_a_metric_of_high_resolution_is_published_every_two_seconds(store: MetricStore, clock: Clock) -> None:
    put: list[dict[str, Any]] = []
    waited: list[float] = []
    for step in range(600):
        clock.time = START + step / 10
        store.take_line(a_line({"Failed": 1}, at=clock.time, about={"StorageResolution": 1}))
        if datums := due(store):
            put += datums
            waited.append(clock.time)
    gaps = [later - earlier for earlier, later in itertools.pairwise(waited)]
    assert max(gaps) <= SHORT_WAIT + 0.11, "the breaker must not wait longer for it"
    assert len(put) <= 60 / SHORT_WAIT + 60 / SHORT_PERIOD + 1
    assert {datum["StorageResolution"] for datum in put} == {1}
    assert all(datum["Timestamp"] % SHORT_PERIOD == 0 for datum in put), "the shortest period of an alarm"
    assert total(put + due(store, everything=True)) == 600


def test_few_different_values_stay_separate_and_many_become_a_statistic_set(store: MetricStore) -> None:
    for value in range(MOST_VALUES):
        store.take_line(a_line({"few": [value, value], "many": value}))
    store.take_line(a_line({"many": [99.5, 99.5]}))
    by_name = {datum["MetricName"]: datum for datum in due(store)}
    assert counts(by_name["few"]) == {float(value): 2.0 for value in range(MOST_VALUES)}
    assert "Values" not in by_name["many"]
    assert by_name["many"]["StatisticValues"] == {
        "SampleCount": MOST_VALUES + 2,
        "Sum": sum(range(MOST_VALUES)) + 199.0,
        "Minimum": 0.0,
        "Maximum": 99.5,
    }


def test_at_a_stop_everything_is_due(store: MetricStore) -> None:
    store.take_line(a_line({"Size": [1.0] * (FEW_VALUES + 1)}))
    due(store)
    store.take_line(a_line({"Size": 1}))
    assert due(store) == [], "the metric is busy now"
    assert total(due(store, everything=True)) == 1


@dataclass
class FakeCloudWatch:
    """Takes datums; rejects those of namespace `rejected`."""

    rejected: str = ""
    requests: list[tuple[str, list[dict[str, Any]]]] = field(default_factory=list[tuple[str, list[dict[str, Any]]]])

    def put_metric_data(self, *, Namespace: str, MetricData: list[dict[str, Any]]) -> None:  # noqa: N803
        if Namespace == self.rejected:
            raise OSError("gone")
        self.requests.append((Namespace, MetricData))

    @property
    def cloudwatch(self) -> FakeCloudWatch:
        return self


def publisher(aws: FakeCloudWatch, store: MetricStore) -> MetricPublisher:
    return MetricPublisher(cast("Clients", aws), store)


def test_due_datums_are_put_in_requests_of_a_thousand(store: MetricStore) -> None:
    aws = FakeCloudWatch()
    store.take_line(a_line({f"m{number}": number for number in range(MOST_DATUMS + 1)}))
    publisher(aws, store).publish()
    assert [len(datums) for _, datums in aws.requests] == [MOST_DATUMS, 1]


def test_a_datum_that_cannot_be_put_is_dropped_and_affects_no_other(store: MetricStore) -> None:
    aws = FakeCloudWatch(rejected="AWS/Lambda")
    one = publisher(aws, store)
    for _ in range(2):
        store.record("AWS/Lambda", {"FunctionName": "demo"}, {"Invocations": 1.0})
        store.take_line(a_line({"Size": 1}))
        one.publish(everything=True)
    assert [namespace for namespace, _ in aws.requests] == ["Taskline", "Taskline"]
    aws.rejected = ""
    one.publish(everything=True)
    assert len(aws.requests) == 2, "lost metrics are not put again"


def test_a_stop_puts_the_rest(store: MetricStore) -> None:
    aws = FakeCloudWatch()
    one = publisher(aws, store)
    one.start()
    store.take_line(a_line({"Size": 1}))
    store.take_line(a_line({"Size": 1}))
    one.stop()
    assert total([datum for _, datums in aws.requests for datum in datums]) == 2


def test_a_publisher_that_was_never_started_can_be_stopped(store: MetricStore) -> None:
    aws = FakeCloudWatch()
    publisher(aws, store).stop()
    assert aws.requests == []
