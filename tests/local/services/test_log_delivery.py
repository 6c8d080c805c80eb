"""Delivery of logs to CloudWatch: few requests, in order, bounded, nothing lost at a stop, no execution disturbed."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from local.services.logs.delivery import MOST_EVENTS, LogDelivery, batches
from local.services.logs.streams import KEPT_BYTES, PARTS, Streams, stream_name
from tests.local.laptop import eventually
from tests.local.services.fake_aws import FakeLogs

MACHINE, FUNCTION = "states/demo", ""
FULL = KEPT_BYTES // PARTS


@pytest.fixture
def logs() -> FakeLogs:
    return FakeLogs()


def event(moment: int, message: str = "x") -> dict[str, Any]:
    return {"timestamp": moment, "message": message}


def delivery(logs: FakeLogs) -> LogDelivery:
    return LogDelivery(logs)  # type: ignore[arg-type]


def streams(logs: FakeLogs) -> Streams:
    return Streams(logs)  # type: ignore[arg-type]


def put(one: LogDelivery, *events: dict[str, Any], source: str = MACHINE, group: str = "/logs") -> None:
    one.put_log_events(logGroupName=group, logStreamName=source, logEvents=list(events))


def test_many_executions_share_a_request_and_nothing_is_lost_at_a_stop(logs: FakeLogs) -> None:
    one = delivery(logs)
    for number in range(300):
        put(one, event(number + 5), event(number, str(number)))
    one.close()
    assert len(logs.messages("/logs")) == 600
    assert logs.requests < 30, "hundreds of executions share a few requests"
    assert len(logs.groups["/logs"]) == 1, "the executions of a machine share a stream"


def test_lines_are_written_soon(logs: FakeLogs) -> None:
    one = delivery(logs)
    put(one, event(1))
    eventually(lambda: logs.messages("/logs"))
    one.close()


def test_machines_and_functions_have_separate_streams_named_as_on_aws(logs: FakeLogs) -> None:
    one = delivery(logs)
    put(one, event(1, "of a machine"), source=MACHINE)
    put(one, event(1, "of a function"), source=FUNCTION)
    one.close()
    written = {name: [event["message"] for event in events] for name, events in logs.groups["/logs"].items()}
    assert sorted(written.values()) == [["of a function"], ["of a machine"]]
    moment = datetime(2026, 1, 31, 12, 5, tzinfo=UTC)
    assert re.fullmatch(r"states/demo/2026-01-31-12/[0-9a-f]{8}", stream_name(MACHINE, moment))
    assert re.fullmatch(r"2026/01/31/\[\$LATEST\][0-9a-f]{32}", stream_name(FUNCTION, moment))


def test_an_hour_of_a_machine_has_a_stream_of_its_own_and_a_day_of_a_function(logs: FakeLogs) -> None:
    moments = [datetime(2026, 1, 31, 12, 5, tzinfo=UTC)]
    one = Streams(logs, now=lambda: moments[-1])  # type: ignore[arg-type]
    first, function = one.take("/logs", MACHINE, 10), one.take("/logs", FUNCTION, 10)
    moments.append(datetime(2026, 1, 31, 12, 59, tzinfo=UTC))
    assert one.take("/logs", MACHINE, 10) == first
    moments.append(datetime(2026, 1, 31, 13, 0, tzinfo=UTC))
    assert one.take("/logs", MACHINE, 10).startswith("states/demo/2026-01-31-13/")
    assert one.take("/logs", FUNCTION, 10) == function
    moments.append(datetime(2026, 2, 1, 0, 0, tzinfo=UTC))
    assert one.take("/logs", FUNCTION, 10).startswith("2026/02/01/")


def test_a_log_that_cannot_be_written_is_reported_once_and_later_lines_are_written(
    logs: FakeLogs, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.broken = OSError("gone")
    one = delivery(logs)
    for number in range(3):
        put(one, event(1), source=f"states/{number}")
    eventually(lambda: logs.failures == 3)
    logs.broken = None
    put(one, event(2, "later"), source="states/0")
    one.close()
    assert logs.messages("/logs") == ["later"], "delivery continues when it can"
    assert capsys.readouterr().err.count("log not written") == 1


def test_a_missing_group_does_not_affect_other_logs(logs: FakeLogs, capsys: pytest.CaptureFixture[str]) -> None:
    one = delivery(logs)
    put(one, event(1, "lost"), group="/missing")
    put(one, event(1, "kept"))
    one.close()
    assert logs.messages("/logs") == ["kept"]
    assert '"log_group": "/missing"' in capsys.readouterr().err


def test_requests_stay_within_the_limits_of_the_service() -> None:
    many = list(batches([event(number) for number in range(MOST_EVENTS + 1)]))
    assert [len(batch) for batch, _ in many] == [MOST_EVENTS, 1]
    large = list(batches([event(1, "ü" * 200_000) for _ in range(5)]))
    assert [len(batch) for batch, _ in large] == [2, 2, 1], "bytes count, not characters"
    assert all(size <= 1_000_000 for _, size in large)
    assert list(batches([])) == []


def test_a_full_stream_is_followed_by_another_and_the_oldest_are_deleted(logs: FakeLogs) -> None:
    one = streams(logs)
    name = one.take("/logs", MACHINE, 10)
    assert one.take("/logs", MACHINE, FULL) == name
    for _ in range(2 * PARTS):
        name = one.take("/logs", MACHINE, FULL)
        logs.put_log_events(logGroupName="/logs", logStreamName=name, logEvents=[event(1, "x" * FULL)])
    assert len(logs.groups["/logs"]) == PARTS + 1
    assert name in logs.groups["/logs"], "the newest stays"
