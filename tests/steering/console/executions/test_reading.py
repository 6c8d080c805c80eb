"""From log events to an execution, for every path through the shipped machine, and for logs that have gaps."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskline.console.executions.model import Outcome, StepStatus
from taskline.console.executions.reading import END, START
from tests.steering.console.executions.recordings import (
    OK,
    PATHS,
    START_MS,
    TASK_ID,
    each,
    fan,
    machine_of,
    record,
    recorded,
    shipped,
    task_state,
)

FAILS = {
    *("gate that keeps changing", "gate that cannot be read", "execution that cannot be started"),
    *("in progress", "throttled for too long", "processor missing", "lease lost", "record that cannot be written"),
}
NAMED = [path for path in PATHS if path != "malformed message"]


@pytest.mark.parametrize("path", PATHS)
def test_the_path_taken_is_the_one_that_was_run(path):
    recording = recorded(path)
    execution = recording.execution()
    steps = [START, *recording.entered]
    ended = execution.states[recording.entered[-1]]
    if path not in FAILS or ended.type == "Fail":
        steps.append(END)
    walked = {}
    for pair in pairwise(steps):
        walked[pair] = walked.get(pair, 0) + 1
    assert execution.edges == walked
    assert [visit.state for visit in execution.visits] == list(recording.entered)


@pytest.mark.parametrize("path", PATHS)
def test_the_outcome_is_that_of_the_execution(path):
    execution = recorded(path).execution()
    assert execution.outcome is (Outcome.FAILED if path in FAILS else Outcome.SUCCEEDED)
    assert (execution.problem is None) is (path not in FAILS)
    assert execution.start == START_MS
    assert execution.end == recorded(path).end_ms


@pytest.mark.parametrize("path", PATHS)
def test_every_event_belongs_to_a_visit_or_to_the_execution(path):
    execution = recorded(path).execution()
    placed = {number for visit in execution.visits for number in visit.events}
    own = {event.id for event in execution.events if event.type.startswith("Execution")}
    assert placed | own == {event.id for event in execution.events}
    assert not execution.unplaced


@pytest.mark.parametrize("path", NAMED)
def test_the_task_is_found_in_the_message(path):
    assert recorded(path).execution().task_id == TASK_ID


def test_states_that_were_not_entered_are_not_reached():
    execution = recorded("success").execution()
    unvisited = {name for name, run in execution.states.items() if run.status is StepStatus.NOT_REACHED}
    assert unvisited == set(execution.states) - {
        *("CheckGate", "DecideOnGate", "ClaimTask", "DecideOnDelivery", "ProcessTask", "RecordResult"),
        *("DecideOnHead", "TaskSucceeded"),
    }


def test_a_visit_has_what_went_in_and_came_out_and_was_assigned():
    execution = recorded("success").execution()
    (gate,), (claim,) = (execution.states[name].visits for name in ("CheckGate", "ClaimTask"))
    assert gate.input is not None
    assert json.loads(json.loads(gate.input.text)[0]["body"])["task_id"] == TASK_ID
    assert claim.output is not None
    assert claim.output.text == "{}"
    assert claim.variables["attempt"].text == "1"
    (attempt,) = claim.attempts
    assert attempt.arguments is not None
    assert json.loads(attempt.arguments.text)["TableName"] == "tasks"
    assert (claim.duration, attempt.duration) == (12, 12)


def test_runs_with_back_offs_are_visits_with_waits_between():
    execution = recorded("back-off, then success").execution()
    runs = execution.states["ProcessTask"]
    assert [visit.status for visit in runs.visits] == [StepStatus.CAUGHT, StepStatus.CAUGHT, StepStatus.SUCCEEDED]
    assert [visit.duration for visit in execution.states["BackOff"].visits] == [2500, 4000]
    assert runs.status is StepStatus.SUCCEEDED
    assert runs.problem is not None
    assert runs.problem.error == "TaskNetworkError"


def test_retries_of_a_state_are_its_tries_with_their_delays():
    (claim,) = recorded("retries of one state").execution().states["ClaimTask"].visits
    first, second = claim.attempts
    assert (first.status, second.status) == (StepStatus.FAILED, StepStatus.SUCCEEDED)
    assert first.problem is not None
    assert first.problem.error == "DynamoDB.InternalServerError"
    assert second.waited is not None
    assert 0 < second.waited <= 1000
    assert claim.status is StepStatus.SUCCEEDED
    assert claim.problem is None


def test_an_error_that_is_caught_says_so():
    (visit,) = recorded("failure").execution().states["ProcessTask"].visits
    assert visit.status is StepStatus.CAUGHT
    assert visit.attempts[0].status is StepStatus.FAILED
    assert visit.problem is not None
    assert "no route to host" in visit.problem.cause


def test_a_malformed_message_fails_before_its_call():
    (claim,) = recorded("malformed message").execution().states["CheckGate"].visits
    assert claim.status is StepStatus.CAUGHT
    assert claim.problem is not None
    assert claim.problem.error == "States.QueryEvaluationError"
    assert claim.problem.location


def test_a_run_that_takes_too_long_has_timed_out_in_each_try():
    (visit,) = recorded("run that takes too long").execution().states["ProcessTask"].visits
    assert {attempt.status for attempt in visit.attempts} == {StepStatus.FAILED}
    assert {attempt.problem.error for attempt in visit.attempts if attempt.problem} == {"States.Timeout"}


def test_a_state_whose_error_nothing_catches_failed():
    execution = recorded("record that cannot be written").execution()
    state = execution.states["RecordResult"]
    assert state.status is StepStatus.FAILED
    assert state.tries == 3
    assert execution.problem is not None
    assert execution.problem.error == "DynamoDB.InternalServerError"


def test_a_fail_state_failed_with_its_own_error():
    run = recorded("in progress").execution().states["TaskInProgress"]
    assert run.status is StepStatus.FAILED
    assert run.problem is not None
    assert run.problem.error == "TaskInProgress"


def test_a_machine_that_runs_out_of_time_aborts_its_state():
    source = json.loads(machine_of("Slow", Slow=task_state()))
    recording = record(json.dumps({**source, "TimeoutSeconds": 5}), {}, {"Slow": [{"result": 1, "seconds": 60}]})
    execution = recording.execution()
    assert execution.outcome is Outcome.TIMED_OUT
    assert execution.states["Slow"].status is StepStatus.ABORTED
    assert execution.states["Slow"].duration == 5000


# Parallel and Map states


def test_branches_are_visits_inside_their_state():
    execution = record(fan(), {}, {"Left": OK, "Right": OK}).execution()
    names = {visit.state: visit for visit in execution.visits}
    assert {name for name, visit in names.items() if visit.inside is not None} == {"Left", "After", "Right"}
    assert {execution.visits[visit.inside].state for visit in names.values() if visit.inside is not None} == {"Fan"}
    assert execution.edges[("Left", "After")] == 1
    assert execution.edges[("Fan", "Done")] == 1
    assert {visit.status for visit in execution.visits} == {StepStatus.SUCCEEDED}
    assert not execution.unplaced


def test_a_failed_branch_fails_its_state_and_aborts_the_other():
    fakes = {"Left": [{"result": {}, "seconds": 9}], "Right": [{"error": "Broken", "cause": "c", "seconds": 1}]}
    execution = record(fan(), {}, fakes).execution()
    statuses = {name: execution.states[name].status for name in ("Left", "Right", "Fan", "Done")}
    assert statuses == {
        "Left": StepStatus.ABORTED,
        "Right": StepStatus.FAILED,
        "Fan": StepStatus.FAILED,
        "Done": StepStatus.NOT_REACHED,
    }
    fan_problem = execution.states["Fan"].problem
    assert fan_problem is not None
    assert fan_problem.error == "Broken"


def test_a_failed_branch_can_be_caught():
    source = fan(Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Done"}])
    execution = record(source, {}, {"Left": OK, "Right": [{"error": "Broken"}]}).execution()
    assert execution.outcome is Outcome.SUCCEEDED
    assert execution.states["Fan"].status is StepStatus.CAUGHT
    assert execution.states["Right"].status is StepStatus.FAILED


def test_a_parallel_state_that_is_tried_again_has_two_tries():
    fakes = {"Left": OK, "Right": [{"error": "Broken"}, {"result": {}}]}
    execution = record(fan(retry=True), {}, fakes).execution()
    (visit,) = execution.states["Fan"].visits
    assert [attempt.status for attempt in visit.attempts] == [StepStatus.FAILED, StepStatus.SUCCEEDED]
    assert visit.attempts[1].waited == 2000
    assert visit.attempts[0].problem is not None
    assert visit.attempts[0].problem.error == "Broken"
    assert visit.status is StepStatus.SUCCEEDED
    inside = execution.states["Right"]
    assert [one.status for one in inside.visits] == [StepStatus.FAILED, StepStatus.SUCCEEDED]
    assert inside.status is StepStatus.SUCCEEDED, "what counts is the last try"


def test_one_failed_item_marks_the_state_inside_the_map():
    fakes = {"Work": [{"result": {}}, {"error": "Broken"}, {"result": {}}]}
    execution = record(each(), [1, 2, 3], fakes).execution()
    assert execution.states["Work"].status is StepStatus.FAILED
    assert execution.states["Each"].status is StepStatus.FAILED


def test_items_of_a_map_are_told_apart():
    execution = record(each(), [10, 20, 30], {"Work": OK}).execution()
    work = execution.states["Work"].visits
    assert sorted(visit.iteration for visit in work if visit.iteration is not None) == [0, 1, 2]
    assert execution.edges[("Prepare", "Work")] == 3
    assert execution.states["Each"].status is StepStatus.SUCCEEDED
    assert not execution.unplaced


# What the log does not say


def test_without_execution_data_the_path_and_the_times_stay():
    whole, bare = recorded("failure").execution(), recorded("failure", data=False).execution()
    assert bare.edges == whole.edges
    assert [visit.duration for visit in bare.visits] == [visit.duration for visit in whole.visits]
    assert {visit.input for visit in bare.visits} == {None}
    assert bare.task_id is None


def test_at_level_error_a_failure_is_placed_by_what_was_called():
    execution = recorded("failure", level="ERROR").execution(logs_all=False)
    assert execution.states["ProcessTask"].problem is not None
    assert execution.states["ProcessTask"].problem.error == "TaskValidationError"
    assert execution.states["ClaimTask"].status is StepStatus.UNKNOWN, "whether it was entered is not known"
    assert execution.outcome is Outcome.UNKNOWN


def test_at_level_error_a_failure_of_an_ambiguous_call_stays_without_a_place():
    execution = recorded("lease lost", level="ERROR").execution(logs_all=False)
    assert [event.type for event in execution.unplaced] == ["TaskFailed"]
    assert execution.states["LeaseLost"].status is StepStatus.FAILED
    assert execution.outcome is Outcome.FAILED


def test_at_level_fatal_only_the_outcome_is_known():
    execution = recorded("lease lost", level="FATAL").execution(logs_all=False)
    assert execution.outcome is Outcome.FAILED
    assert {run.status for run in execution.states.values()} == {StepStatus.UNKNOWN}


def test_an_execution_that_has_not_ended_is_running():
    events = recorded("success").events
    scheduled = next(event for event in events if event.type == "TaskScheduled" and event.id > 12)
    execution = recorded("success").execution(events[: scheduled.id], now=scheduled.at + 3000)
    assert execution.outcome is Outcome.RUNNING
    assert execution.states["ProcessTask"].status is StepStatus.RUNNING
    assert execution.states["ProcessTask"].visits[0].attempts[0].status is StepStatus.RUNNING
    assert execution.states["RecordResult"].status is StepStatus.NOT_REACHED


def test_after_its_longest_time_it_cannot_be_running():
    events = recorded("success").events[:9]
    execution = recorded("success").execution(events, now=START_MS + 400_000)
    assert execution.outcome is Outcome.UNKNOWN
    assert StepStatus.RUNNING not in {run.status for run in execution.states.values()}
    assert StepStatus.NOT_REACHED not in {run.status for run in execution.states.values()}


def test_a_missing_event_between_two_states_does_not_hide_the_path():
    recording = recorded("success")
    events = [event for event in recording.events if event.type != "ChoiceStateExited"]
    assert recording.execution(events).edges[("DecideOnDelivery", "ProcessTask")] == 1


@given(path=st.sampled_from(list(PATHS)), data=st.data(), late=st.integers(-10, 1_000_000), logs_all=st.booleans())
def test_whatever_is_missing_nothing_raises(path, data, late, logs_all):
    recording = recorded(path)
    kept = data.draw(st.lists(st.sampled_from(recording.events), unique_by=lambda event: event.id))
    kept.sort(key=lambda event: event.id)
    execution = recording.execution(kept, now=START_MS + late, logs_all=logs_all)
    assert len(execution.events) == len(kept)
    entered = {event.details["name"] for event in kept if event.type.endswith("StateEntered")}
    assert entered <= {name for name, run in execution.states.items() if run.visits}


@given(cut=st.integers(0, 100), source=st.sampled_from(("fan", "each", "retried")))
def test_nested_states_cut_off_anywhere_never_raise(cut, source):
    fakes = {"Left": OK, "Right": [{"error": "Broken"}, {"result": {}}], "Work": OK}
    sources = {"fan": fan(), "each": each(), "retried": fan(retry=True)}
    recording = record(sources[source], [1, 2], fakes)
    execution = recording.execution(recording.events[:cut], now=START_MS + 10)
    known = set(recording.definition.states)
    assert {visit.state for visit in execution.visits} <= known


def test_states_that_the_definition_does_not_have_are_shown_all_the_same():
    other = record(machine_of("Gone", Gone={"Type": "Pass", "End": True}), {}, {})
    execution = recorded("success").execution(other.events)
    assert execution.states["Gone"].status is StepStatus.SUCCEEDED


def test_the_shipped_definition_has_a_path_here_for_each_of_its_states():
    entered = {name for path in PATHS for name in recorded(path).entered}
    assert entered == set(json.loads(shipped())["States"])
