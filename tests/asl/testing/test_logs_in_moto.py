"""Execution logs in moto's CloudWatch Logs."""

import json
import re
from typing import Any

import pytest

from asl.testing.moto import SyncExecutions
from tests.asl.testing.machines import ECHO, client, create, definition, start

pytestmark = pytest.mark.usefixtures("express")
GROUP = "/aws/vendedlogs/states/machine"
FAIL = definition(F={"Type": "Fail", "Error": "E"})


def logging(level: str = "ALL", data: bool = True, group: str = GROUP) -> dict[str, Any]:
    arn = f"arn:aws:logs:eu-west-1:123456789012:log-group:{group}:*"
    destinations = [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}}]
    return {"level": level, "includeExecutionData": data, "destinations": destinations}


def lines() -> list[dict[str, Any]]:
    events = client("logs").filter_log_events(logGroupName=GROUP)["events"]
    return [json.loads(event["message"]) for event in events]


@pytest.fixture(autouse=True)
def _group(express: SyncExecutions) -> None:
    client("logs").create_log_group(logGroupName=GROUP)


def test_each_event_is_a_line_in_the_format_of_aws() -> None:
    response = start(create(ECHO, loggingConfiguration=logging()), {"a": 1})
    written = lines()
    assert [line["type"] for line in written] == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]
    assert set(written[0]) == {
        "id",
        "type",
        "details",
        "redrive_count",
        "previous_event_id",
        "event_timestamp",
        "execution_arn",
    }
    assert {line["execution_arn"] for line in written} == {response["executionArn"]}
    assert written[3]["details"] == {"output": '{"a":1}', "outputDetails": {"truncated": False}}


def test_a_machine_has_one_stream_for_each_hour() -> None:
    arn = create(ECHO, loggingConfiguration=logging())
    start(arn)
    start(arn)
    (stream,) = client("logs").describe_log_streams(logGroupName=GROUP)["logStreams"]
    assert re.fullmatch(r"states/machine/\d{4}-\d\d-\d\d-\d\d/[0-9a-f]{8}", stream["logStreamName"])
    assert len(lines()) == 8


def test_the_times_of_lines_are_those_of_the_virtual_clock() -> None:
    start(create(definition(W={"Type": "Wait", "Seconds": 90, "End": True}), loggingConfiguration=logging()))
    events = client("logs").filter_log_events(logGroupName=GROUP)["events"]
    assert events[-1]["timestamp"] - events[0]["timestamp"] == 90_000


@pytest.mark.parametrize(("level", "logged"), [("ERROR", 2), ("FATAL", 1), ("OFF", 0)])
def test_the_level_decides_what_is_logged(level: str, logged: int) -> None:
    start(create(FAIL, loggingConfiguration=logging(level)))
    assert len(lines()) == logged


def test_without_execution_data_no_line_has_any() -> None:
    start(create(ECHO, loggingConfiguration=logging(data=False)), {"secret": 1})
    assert len(lines()) == 4
    assert "secret" not in json.dumps(lines())


def test_without_a_configuration_nothing_is_logged() -> None:
    start(create(ECHO))
    assert lines() == []


def test_a_log_that_cannot_be_written_fails_no_execution(caplog: pytest.LogCaptureFixture) -> None:
    response = start(create(ECHO, loggingConfiguration=logging(group="/no/such/group")))
    assert response["status"] == "SUCCEEDED"
    assert f"the log of {response['executionArn']} is lost" in caplog.text
