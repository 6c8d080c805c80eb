"""Events in the form of GetExecutionHistory."""

from typing import Any

import botocore.session
import pytest
from botocore.model import StructureShape

from asl import HistoryEvent
from asl.execution.records import history_record
from tests.asl.machines import history_of, machine, passing, task

FAN = {"Type": "Parallel", "Branches": [{"StartAt": "A", "States": {"A": passing()}}], "Next": "Each"}
EACH = {
    "Type": "Map",
    "Items": [1, 2],
    "ItemProcessor": {"StartAt": "T", "States": {"T": task()}},
    "Next": "Wait",
}
WAIT = {"Type": "Wait", "Seconds": 1, "Next": "End"}
WHOLE = machine(Fan=FAN, Each=EACH, Wait=WAIT, End={"Type": "Succeed"})


def shape() -> StructureShape:
    """An event in AWS's own model of the service."""
    service: Any = botocore.session.get_session().get_service_model("stepfunctions")
    return service.operation_model("GetExecutionHistory").output_shape.members["events"].member


@pytest.mark.parametrize(
    "events",
    [
        history_of(WHOLE, fakes={"T": [{"result": 1}]}),
        history_of(machine(T=task(TimeoutSeconds=1)), fakes={"T": [{"result": 1, "seconds": 2}]}),
        history_of(machine(T=task()), fakes={"T": [{"error": "E", "cause": "c"}]}),
        history_of(machine(F={"Type": "Fail"})),
    ],
    ids=["all kinds of states", "a timeout", "a failed task", "a failure without a word"],
)
def test_each_event_has_the_names_of_the_service(events: list[HistoryEvent]) -> None:
    members: Any = shape().members
    for event in events:
        record = history_record(event)
        assert record["type"] in members["type"].enum
        assert set(record) <= set(members), record
        for name, details in record.items():
            if name.endswith("EventDetails"):
                assert set(details) <= set(members[name].members), record


def test_data_is_not_cut_as_it_is_in_the_log() -> None:
    record = history_record(HistoryEvent(2, "PassStateEntered", 0, 0.0, {"name": "A", "input": "x" * 260_000}))
    details = record["stateEnteredEventDetails"]
    assert (len(details["input"]), details["inputDetails"]) == (260_002, {"truncated": False})


def test_an_end_without_a_reason_has_details_all_the_same() -> None:
    assert history_record(HistoryEvent(9, "ExecutionAborted", 8, 0.0, {}))["executionAbortedEventDetails"] == {}
    assert set(history_record(HistoryEvent(8, "TaskStateAborted", 7, 0.0, {}))) == {
        *("timestamp", "type", "id", "previousEventId")
    }
