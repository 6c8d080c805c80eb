"""Execution logs in the format of CloudWatch Logs."""

import json

import pytest

from asl import HistoryEvent
from asl.execution.logs import LARGEST_DATA, ExecutionLog, is_logged, log_record
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


def test_large_logs_are_split():
    client = Client()
    log = ExecutionLog(client, "group", "stream", ARN, include_data=True)
    for _ in range(30):
        for event in history_of(machine(A=passing()), "x" * 100_000):
            log(event)
    log.flush()
    assert len(client.batches) > 1


def details_of(kind, **details):
    """The details in the log of an event of this type."""
    return log_record(HistoryEvent(2, kind, 0, 0.0, details), ARN)["details"]


@pytest.mark.parametrize(
    ("character", "escaped"),
    [("x", 1), ("é", 2), ("\U0001f600", 4), ("\n", 3), ('"', 4)],
    ids=["ascii", "two bytes", "four bytes", "a line break", "a quotation mark"],
)
def test_data_is_cut_at_248_kb_of_escaped_bytes(character, escaped):
    # Data is JSON text in JSON, so `"` is escaped twice, and the quotation marks around the text take four bytes.
    most = (LARGEST_DATA - 4) // escaped
    whole = details_of("PassStateEntered", input=character * most)
    assert whole == {"input": json.dumps(character * most, ensure_ascii=False), "inputDetails": {"truncated": False}}
    cut = details_of("PassStateEntered", input=character * (most + 4))
    assert cut["inputDetails"] == {"truncated": True}
    assert json.dumps(character * (most + 4), ensure_ascii=False).startswith(cut["input"])
    size = len(json.dumps(cut["input"], ensure_ascii=False).encode()) - 2
    assert LARGEST_DATA - 4 < size <= LARGEST_DATA


def test_fields_are_cut_one_by_one():
    details = details_of("PassStateExited", output="x" * 260_000, assignedVariables={"a": 1}, name="A")
    assert (details["outputDetails"], details["assignedVariablesDetails"]) == (
        {"truncated": True},
        {"truncated": False},
    )
    assert len(details["output"]) == LARGEST_DATA - 1
    assert (details["assignedVariables"], details["name"]) == ({"a": "1"}, "A")


def test_the_variables_of_an_event_share_the_limit():
    details = details_of("PassStateExited", assignedVariables={"a": "x" * 200_000, "b": "x" * 100_000, "c": 1})
    assert details["assignedVariablesDetails"] == {"truncated": True}
    assert [len(text) for text in details["assignedVariables"].values()] == [200_002, LARGEST_DATA - 200_005, 0]


def test_arguments_are_cut_without_a_word():
    details = details_of("TaskScheduled", parameters={"a": "x" * 260_000}, resource="invoke")
    assert len(json.dumps(details["parameters"])) - 2 == LARGEST_DATA
    assert "parametersDetails" not in details
