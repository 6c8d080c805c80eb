"""One execution by its ARN, and what its log does not say."""

import json

import pytest
from botocore.exceptions import ClientError

from taskline.console.executions.loading import ExecutionUnavailable, Hint, load
from taskline.console.executions.model import GapKind, Outcome
from tests.steering.console.executions.recordings import ARN, START_MS, machine_of, recorded, shipped
from tests.steering.console.executions.test_events import Logs
from tests.steering.console.executions.test_setup import States, logging

HINT = Hint(started=START_MS)
LATER = START_MS + 3_600_000


class Refusing:
    """A service that refuses everything."""

    def __init__(self, code):
        self.code = code

    def _refuse(self, **_request):
        raise ClientError({"Error": {"Code": self.code, "Message": "no"}}, "Operation")

    filter_log_events = describe_state_machine = list_state_machine_versions = get_execution_history = _refuse


def kinds(loaded):
    return [gap.kind for gap in loaded.execution.gaps]


def loaded(path="success", level="ALL", data=True, *, lines=None, now=LATER, hint: Hint | None = HINT, **more):
    given = recorded(path, level, data).lines if lines is None else lines
    return load(States(shipped(), logging=logging(level, data)), Logs(given), ARN, now=now, hint=hint, **more)


def test_a_whole_log_has_no_gaps():
    found = loaded()
    assert found.execution.gaps == ()
    assert found.execution.outcome is Outcome.SUCCEEDED


def test_a_machine_that_logs_nothing_says_so_and_is_not_searched():
    logs = Logs([])
    found = load(States(shipped(), logging=logging("OFF")), logs, ARN, now=LATER, hint=HINT)
    assert kinds(found) == [GapKind.NO_LOG]
    assert logs.requests == []


def test_at_level_error_the_level_is_named():
    assert GapKind.LEVEL in kinds(loaded("failure", "ERROR"))
    assert GapKind.LEVEL in kinds(loaded("lease lost", "FATAL"))


def test_at_level_error_nothing_found_means_no_failures():
    found = loaded("success", "ERROR")
    (first, *_) = found.execution.gaps
    assert first.kind is GapKind.NOT_THERE
    assert "only failures are logged" in first.text


def test_data_that_is_not_logged_is_named_with_the_setting():
    found = loaded(data=False)
    (gap,) = found.execution.gaps
    assert gap.kind is GapKind.DATA
    assert "logExecutionData" in gap.remedy


def test_events_that_have_not_arrived_are_named():
    lines = [line for line in recorded("success").lines if json.loads(line)["id"] not in ("3", "6", "7")]
    soon, later = (loaded(lines=lines, now=now).execution.gaps for now in (START_MS + 2000, LATER))
    assert [gap.kind for gap in soon] == [GapKind.LATE]
    assert "3, 6-7 have not arrived" in soon[0].text
    assert [gap.kind for gap in later] == [GapKind.EVENTS]
    assert "3, 6-7 were not delivered" in later[0].text


def test_an_end_that_never_came_is_named():
    found = loaded(lines=recorded("success").lines[:-1])
    assert [gap.kind for gap in found.execution.gaps] == [GapKind.EVENTS]
    assert "end of the execution" in found.execution.gaps[0].text


def test_an_execution_that_goes_on_has_no_gap():
    found = loaded(lines=recorded("success").lines[:9], now=START_MS + 2000)
    assert found.execution.gaps == ()
    assert found.execution.outcome is Outcome.RUNNING


def test_no_events_at_once_means_not_yet():
    assert kinds(loaded(lines=[], now=START_MS + 1000)) == [GapKind.LATE]
    ended = Hint(started=START_MS, ended=START_MS + 200_000)
    assert kinds(loaded(lines=[], now=START_MS + 201_000, hint=ended)) == [GapKind.LATE]


def test_no_events_later_means_expired():
    (gap,) = loaded(lines=[]).execution.gaps
    assert gap.kind is GapKind.NOT_THERE
    assert "expired" in gap.text


def test_the_laptop_says_what_it_keeps():
    (gap,) = loaded(lines=[], is_laptop=True).execution.gaps
    assert "last few hundred executions" in gap.text


def test_without_a_hint_the_task_is_named_as_the_way():
    (gap,) = loaded(lines=[], hint=None).execution.gaps
    assert "from its task" in gap.remedy


def test_data_that_was_cut_is_named():
    line = json.loads(recorded("success").lines[1])
    line["details"]["inputDetails"] = {"truncated": True}
    lines = [json.dumps(line) if index == 1 else one for index, one in enumerate(recorded("success").lines)]
    found = loaded(lines=lines)
    assert kinds(found) == [GapKind.TRUNCATED]
    first = found.execution.states["CheckGate"].visits[0].input
    assert first is not None
    assert first.truncated


def test_a_changed_definition_is_named():
    states = States(machine_of("B", B={"Type": "Succeed"}), logging=logging())
    found = load(states, Logs(recorded("success").lines), ARN, now=LATER, hint=HINT)
    assert kinds(found) == [GapKind.DEFINITION]
    assert "has changed" in found.execution.gaps[0].text


def test_a_version_that_fits_is_named():
    states = States(machine_of("B", B={"Type": "Succeed"}), (7, shipped()), logging=logging())
    found = load(states, Logs(recorded("success").lines), ARN, now=LATER, hint=HINT)
    assert "version 7" in found.execution.gaps[0].text
    assert "ClaimTask" in found.definition.states


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("AccessDeniedException", "may not be read"),
        ("ResourceNotFoundException", "does not exist"),
        ("ThrottlingException", "busy"),
        ("InternalFailure", "InternalFailure"),
    ],
)
def test_a_log_that_cannot_be_read_is_a_gap_with_its_reason(code, words):
    found = load(States(shipped(), logging=logging()), Refusing(code), ARN, now=LATER, hint=HINT)
    (gap,) = found.execution.gaps
    assert words in gap.text
    assert gap.remedy
    assert found.execution.outcome is Outcome.UNKNOWN


def test_a_machine_that_is_gone_cannot_be_shown():
    with pytest.raises(ExecutionUnavailable, match="no state machine") as refused:
        load(Refusing("StateMachineDoesNotExist"), Logs([]), ARN, now=LATER)
    assert "another stage" in refused.value.remedy


def test_a_machine_that_may_not_be_read_names_the_permission():
    with pytest.raises(ExecutionUnavailable) as refused:
        load(Refusing("AccessDeniedException"), Logs([]), ARN, now=LATER)
    assert "states:DescribeStateMachine" in refused.value.remedy


@pytest.mark.parametrize("arn", ["", "x", "arn:aws:states:r:a:stateMachine:m"])
def test_a_wrong_arn_says_so(arn):
    with pytest.raises(ExecutionUnavailable, match="not the ARN of an execution"):
        load(States(shipped(), logging=logging()), Logs([]), arn, now=LATER)
