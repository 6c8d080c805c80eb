"""A Standard execution, whose events Step Functions keeps."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from taskline.console.executions.loading import load
from taskline.console.executions.model import GapKind, Outcome, StepStatus
from tests.steering.console.executions.recordings import ARN, START_MS, recorded, shipped
from tests.steering.console.executions.test_events import Logs
from tests.steering.console.executions.test_loading import Refusing
from tests.steering.console.executions.test_setup import States, logging

MONTH_LATER = START_MS + 30 * 24 * 3_600_000
DETAILS = {"StateEntered": "stateEnteredEventDetails", "StateExited": "stateExitedEventDetails"}


class Standard(States):
    """Step Functions with a Standard machine that logs nothing, and one execution. A page has ten events."""

    def __init__(self, events, data=True):
        super().__init__(shipped(), logging=logging("OFF", data))
        self.events = events
        self.requests = []

    def describe_state_machine(self, **request):
        return {**super().describe_state_machine(**request), "type": "STANDARD"}

    def get_execution_history(self, **request):
        self.requests.append(request)
        first = int(request.get("nextToken", 0))
        more = {"nextToken": str(first + 10)} if len(self.events) > first + 10 else {}
        return {"events": [_entry(event) for event in self.events[first : first + 10]], **more}


def _entry(event):
    name = next((name for ending, name in DETAILS.items() if event.type.endswith(ending)), "anyEventDetails")
    return {
        "id": event.id,
        "previousEventId": event.previous,
        "type": event.type,
        "timestamp": datetime.fromtimestamp(event.at / 1000, UTC),
        name: event.details,
    }


def shown(states, now=MONTH_LATER):
    logs = Logs([])
    found = load(states, logs, ARN, now=now).execution
    assert logs.requests == [], "the log is not searched"
    return found


def test_it_is_read_from_its_history_page_by_page_whatever_is_logged():
    states = Standard(recorded("success").events)
    assert shown(states) == recorded("success").execution(now=MONTH_LATER)
    assert len(states.requests) == 3


def test_it_may_run_for_a_year():
    events = recorded("success").events
    begun = events[: next(index for index, event in enumerate(events) if event.details.get("name") == "RecordResult")]
    found = shown(Standard(begun))
    assert (found.outcome, found.gaps) == (Outcome.RUNNING, ())


def test_data_is_shown_if_the_stage_logs_data():
    states = Standard(recorded("success", data=False).events, data=False)
    (gap,) = shown(states).gaps
    assert (gap.kind, states.requests[0]["includeExecutionData"]) == (GapKind.DATA, False)


@pytest.mark.parametrize(
    ("code", "kind", "word"),
    [
        ("ExecutionDoesNotExist", GapKind.NOT_THERE, "90 days"),
        ("AccessDeniedException", GapKind.DENIED, "states:GetExecutionHistory"),
        ("ThrottlingException", GapKind.DENIED, "ThrottlingException"),
    ],
)
def test_why_there_is_no_history_is_said(code, kind, word):
    states = Standard(())
    states.get_execution_history = Refusing(code).get_execution_history
    (gap,) = shown(states).gaps
    assert gap.kind is kind
    assert word in f"{gap.text} {gap.remedy}"


def test_an_attempt_that_a_restart_cut_off_is_not_said_to_have_failed():
    """On the laptop: the call was made again, and how the first one ended is not known."""
    events = list(recorded("success").events)
    called = next(index for index, event in enumerate(events) if event.details.get("resourceType") == "lambda")
    events[called + 2 : called + 2] = events[called : called + 2]
    chained = [replace(event, id=number, previous=number - 1) for number, event in enumerate(events, 1)]
    visit = next(one for one in shown(Standard(chained)).visits if one.state == "ProcessTask")
    assert [one.status for one in visit.attempts] == [StepStatus.UNKNOWN, StepStatus.SUCCEEDED]
