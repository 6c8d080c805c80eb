"""From an execution to its task, and from a task to its executions."""

import json

from taskline.console.executions.model import Payload
from taskline.console.executions.payloads import parts_of, pretty, readable
from taskline.console.executions.subject import executions_of, task_id, task_status
from tests.steering.console.executions.recordings import TASK_ID, recorded

HISTORY = [
    {"status": "queued", "at": "2026-01-01T00:00:00.000Z"},
    {"status": "processing", "at": "2026-01-01T00:00:01.000Z", "execution": "one"},
    {"status": "queued", "at": "2026-01-01T00:00:20.000Z", "execution": "one"},
    {"status": "processing", "at": "2026-01-01T00:01:00.000Z", "execution": "two"},
    {"status": "processing", "at": "2026-01-01T00:01:05.000Z", "attempt": 1, "execution": "two",
     "started_at": "2026-01-01T00:00:59.500Z"},
    {"status": "succeeded", "at": "2026-01-01T00:01:10.000Z", "execution": "two"},
]  # fmt: skip


def took(execution):
    assert execution.ended is not None
    return execution.ended - execution.started


def test_a_task_names_its_executions_with_their_times():
    one, two = executions_of(HISTORY)
    assert (one.arn, one.status, took(one)) == ("one", "queued", 19_000)
    assert (two.arn, two.status, took(two)) == ("two", "succeeded", 10_500)


def test_an_execution_that_goes_on_has_no_end():
    (one,) = executions_of(HISTORY[:2])
    assert (one.status, one.ended) == ("processing", None)


def test_a_history_without_executions_names_none():
    assert executions_of([{"status": "queued", "at": "2026-01-01T00:00:00Z"}, {"execution": "x"}, {}]) == ()


def test_the_output_names_the_task_where_the_input_cannot():
    assert task_id(Payload(text="[]"), Payload(text='{"task_id": "t"}'), ()) == "t"
    assert task_id(Payload(text='[{"body": "{"}]'), None, ()) is None
    assert task_id(Payload(text="[1", truncated=True), None, ()) is None
    assert task_id(None, None, ()) is None


def test_a_failed_task_is_read_off_a_succeeded_execution():
    execution = recorded("failure").execution()
    assert (str(execution.outcome), task_status(execution.output)) == ("succeeded", "failed")


def test_a_variable_names_the_task_where_the_input_was_cut():
    visits = recorded("success").execution().visits
    assert task_id(Payload(text="[", truncated=True), None, visits) == TASK_ID


def test_payloads_are_indented_and_cut_unless_asked_for_whole():
    (first,) = recorded("success").execution().states["CheckGate"].visits
    names = [part.name for part in parts_of(first, 100)]
    assert names[:2] == ["input", "output"]
    assert {"variable-group", "arguments", "result"} <= set(names)
    short, whole = (parts_of(first, 100, asked)[0] for asked in ("", "input"))
    assert (len(short.text), short.cut) == (100, True)
    assert whole.text.startswith(short.text)
    assert not whole.cut
    assert whole.size == short.size


def test_what_is_no_json_is_shown_as_it_is():
    assert pretty("{cut") == "{cut"
    assert readable("plain") == "plain"
    assert readable("[" * 100_000) == "[" * 100_000


def test_a_cause_is_read_through_both_its_layers():
    inner = json.dumps({"type": "NoRoute", "message": "no route", "retry_in": 2.5})
    trace = ['  File "a.py", line 1\n', "    raise it\n"]
    cause = json.dumps({"errorType": "TaskNetworkError", "errorMessage": inner, "stackTrace": trace})
    assert readable(cause) == 'NoRoute: no route\nretry_in: 2.5\n\n  File "a.py", line 1\n    raise it'


def test_a_cause_of_any_function_has_its_type_and_message():
    assert readable('{"errorType": "KeyError", "errorMessage": "x"}') == "KeyError: x"
    assert readable('{"other": 1}') == pretty('{"other": 1}')
