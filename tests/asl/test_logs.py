"""Execution logs in the format of CloudWatch Logs."""

import json

import pytest

from asl.execution.logs import ExecutionLog, is_logged, log_record
from tests.asl.machines import history_of, machine, passing, task

ARN = "arn:aws:states:us-east-1:000000000000:express:m:n:n"


class Client:
    """A logs client that keeps its requests, or fails."""

    def __init__(self, broken=False):
        self.batches = []
        self.broken = broken

    def create_log_stream(self, **_):
        raise RuntimeError("it exists")

    def put_log_events(self, **request):
        if self.broken:
            raise RuntimeError("throttled")
        self.batches.append(request)


def events():
    """A short history."""
    return history_of(machine(A=passing(Assign={"x": [1]}, Output={"b": "é"})), {"a": 1})


def test_a_record_holds_data_as_json_text():
    assert log_record(events()[0], ARN) == {
        "id": "1",
        "type": "ExecutionStarted",
        "details": {
            "input": '{"a":1}',
            "inputDetails": {"truncated": False},
            "roleArn": "arn:aws:iam::000000000000:role/express",
        },
        "redrive_count": "0",
        "previous_event_id": "0",
        "event_timestamp": "1800000000000",
        "execution_arn": ARN,
    }


def test_variables_are_json_text_one_by_one():
    assert log_record(events()[2], ARN)["details"]["assignedVariables"] == {"x": "[1]"}


def test_without_execution_data_names_and_errors_stay():
    assert log_record(events()[1], ARN, include_data=False)["details"] == {"name": "A"}
    assert log_record(events()[-1], ARN, include_data=False)["details"] == {}
    failed = history_of(machine(T=task()), fakes={"T": [{"error": "E", "cause": "c"}]})[-1]
    assert log_record(failed, ARN, include_data=False)["details"] == {"error": "E", "cause": "c"}


@pytest.mark.parametrize(
    ("kind", "levels"),
    [
        ("TaskScheduled", {"ALL"}),
        ("TaskFailed", {"ALL", "ERROR"}),
        ("EvaluationFailed", {"ALL", "ERROR"}),
        ("TaskTimedOut", {"ALL", "ERROR"}),
        ("FailStateEntered", {"ALL", "ERROR"}),
        ("ExecutionSucceeded", {"ALL"}),
        ("ExecutionFailed", {"ALL", "ERROR", "FATAL"}),
        ("ExecutionTimedOut", {"ALL", "ERROR", "FATAL"}),
    ],
)
def test_levels_choose_events(kind, levels):
    assert {level for level in ("ALL", "ERROR", "FATAL", "OFF") if is_logged(kind, level)} == levels


def test_an_execution_is_written_in_one_request():
    client = Client()
    log = ExecutionLog(client, "group", "stream", ARN, include_data=True)
    for event in events():
        log(event)
    log.flush()
    (request,) = client.batches
    assert request["logGroupName"] == "group"
    assert [json.loads(line["message"])["id"] for line in request["logEvents"]] == ["1", "2", "3", "4"]


def test_a_failure_to_write_is_not_raised():
    log = ExecutionLog(Client(broken=True), "group", "stream", ARN)
    log(events()[0])
    log.flush()


def test_large_logs_are_split_and_oversized_data_is_left_out():
    client = Client()
    log = ExecutionLog(client, "group", "stream", ARN, include_data=True)
    for _ in range(30):
        for event in history_of(machine(A=passing()), "x" * 100_000):
            log(event)
    log(history_of(machine(A=passing()), "x" * 260_000)[0])
    log.flush()
    assert len(client.batches) > 1
    last = json.loads(client.batches[-1]["logEvents"][-1]["message"])
    assert last["details"]["inputDetails"] == {"truncated": True}
