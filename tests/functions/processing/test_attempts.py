"""How runs are counted for the breaker: each once, transient failures as such, and also runs that time out."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions import processor
from functions.tasks.clock import timestamp
from functions.tasks.errors import TRANSIENT, ErrorClass, TaskError
from functions.telemetry.attempts import LAST_MOMENT_SECONDS, Attempt
from tests.builders import a_message
from tests.functions.breaker.test_function import metrics
from tests.functions.processing.work import LEASE
from tests.functions.support import CONTEXT


def run(task_type: str, **data: Any) -> None:
    body = a_message(type=task_type, data=data)
    processor.handler({"task_id": "t", "body": body, "attempt": 1, "run": 1, **LEASE}, CONTEXT)


def counted(capsys: pytest.CaptureFixture[str]) -> list[float]:
    lines = [line for line in capsys.readouterr().out.splitlines() if "TransientFailure" in line]
    return [metrics(line)["TransientFailure"] for line in lines]


def test_a_run_that_succeeds_counts_as_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    run("demo.echo")
    assert counted(capsys) == [0.0]


@pytest.mark.parametrize("error_class", ErrorClass)
def test_only_transient_failures_count(capsys: pytest.CaptureFixture[str], error_class: ErrorClass) -> None:
    with pytest.raises(TaskError):
        run("demo.flaky", probability=1, error_class=error_class)
    assert counted(capsys) == [float(error_class in TRANSIENT)]


def test_the_transient_classes() -> None:
    assert frozenset({"NETWORK", "RATE_LIMIT", "SYSTEM"}) == TRANSIENT


def test_a_run_that_is_about_to_time_out_is_reported_once_beforehand(capsys: pytest.CaptureFixture[str]) -> None:
    attempt = Attempt(LAST_MOMENT_SECONDS)
    attempt._timer.join(10)
    attempt.ended(transiently=False)
    assert counted(capsys) == [1.0]


def test_the_metric_has_the_resolution_that_short_periods_need(capsys: pytest.CaptureFixture[str]) -> None:
    Attempt(30).ended(transiently=False)
    (directive,) = json.loads(capsys.readouterr().out)["_aws"]["CloudWatchMetrics"]
    assert directive["Dimensions"] == [["service"]]
    assert directive["Metrics"] == [{"Name": "TransientFailure", "Unit": "Count", "StorageResolution": 1}]


@pytest.mark.parametrize(("seconds_ago", "late"), [(0, 0.0), (60, 1.0)])
def test_a_first_run_counts_whether_it_started_in_time(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, seconds_ago: int, late: float
) -> None:
    monkeypatch.setenv("START_SECONDS", "5")
    moment = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    body = a_message(type="demo.echo", created_at=timestamp(moment))
    processor.handler({"task_id": "t", "body": body, "attempt": 1, "run": 1, **LEASE}, CONTEXT)
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "StartedLate" in line]
    assert metrics(line)["StartedLate"] == late


@pytest.mark.parametrize(("attempt", "seconds"), [(2, "5"), (1, "0")])
def test_later_runs_and_stages_without_the_objective_measure_no_start(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, attempt: int, seconds: str
) -> None:
    monkeypatch.setenv("START_SECONDS", seconds)
    body = a_message(type="demo.echo", created_at=timestamp(datetime.now(UTC)))
    processor.handler({"task_id": "t", "body": body, "attempt": attempt, "run": 1, **LEASE}, CONTEXT)
    assert "StartedLate" not in capsys.readouterr().out
