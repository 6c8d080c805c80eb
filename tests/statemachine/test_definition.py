"""The state machine's definition: its placeholders, its form, and its error names."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from functions.adapters.task_table.indexes import list_keys
from functions.tasks.errors import TASK_ERRORS, ErrorClass, TaskError
from functions.tasks.registry import TaskTypeUnavailable
from statemachine import loader
from statemachine.budget import successors
from statemachine.loader import DefinitionError, load_definition, raw_definition
from tests.statemachine.claims import claimed

VALUES: dict[str, str | int] = {
    "TableName": "tasks",
    "GatesTableName": "gates",
    "HaltingTypes": "['demo.strict']",
    "LongTypes": "['demo.long']",
    "LongMachineArn": "arn:aws:states:eu-west-1:111122223333:stateMachine:long",
    "ProcessorFunction": "arn:aws:lambda:eu-west-1:111122223333:function:processor",
    "DeadLetterQueueUrl": "https://sqs.eu-west-1.amazonaws.com/111122223333/dead-letters.fifo",
    "ProcessTimeoutSeconds": 31,
    "WorkflowTimeoutSeconds": 211,
    "LeaseSeconds": 221,
    "RetryUntilSeconds": 100,
    "MaxDeliveries": 5,
    "RetentionSeconds": 3600,
}
DEFINITION = load_definition(VALUES)
STATES: dict[str, dict[str, Any]] = DEFINITION["States"]
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"}


@pytest.fixture
def template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], int]:
    """Writes a definition to be loaded instead of the shipped one."""
    file = tmp_path / "small.asl.json"
    monkeypatch.setattr(loader, "DEFINITION_FILE", file)
    return lambda value: file.write_text(json.dumps(value))


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for child in value.values():
            yield from strings(child)
    elif isinstance(value, list):
        for child in value:
            yield from strings(child)
    elif isinstance(value, str):
        yield value


def test_no_placeholder_is_left() -> None:
    assert not [text for text in strings(DEFINITION) if "${" in text]


@pytest.mark.parametrize("name", VALUES)
def test_a_missing_value_is_an_error_that_names_it(name: str) -> None:
    with pytest.raises(DefinitionError, match=rf"task\.asl\.json needs a value for {name}$"):
        load_definition({key: value for key, value in VALUES.items() if key != name})


def test_a_value_without_a_placeholder_is_an_error_that_names_it() -> None:
    with pytest.raises(DefinitionError, match=r"has no placeholder Tabelname$"):
        load_definition({**VALUES, "Tabelname": "x"})


def test_all_missing_values_are_named_together() -> None:
    with pytest.raises(
        DefinitionError,
        match=r"LeaseSeconds, LongMachineArn, LongTypes, MaxDeliveries, ProcessTimeoutSeconds.*TableName",
    ):
        load_definition({"DeadLetterQueueUrl": "x"})


def test_a_string_that_is_one_placeholder_becomes_the_value_with_its_type(template: Any) -> None:
    template({"number": "${N}", "text": "${S}"})
    assert load_definition({"N": 7, "S": "7"}) == {"number": 7, "text": "7"}


def test_a_placeholder_inside_a_string_is_replaced_in_its_text(template: Any) -> None:
    template({"a": ["x${N}y${S}", {"b": "{% ${N} * 2 %}"}], "c": 1, "d": None, "e": True})
    filled = load_definition({"N": 7, "S": "${N}"})
    assert filled == {"a": ["x7y${N}", {"b": "{% 7 * 2 %}"}], "c": 1, "d": None, "e": True}, (
        "a value is not filled again"
    )


def test_a_value_with_quotes_and_backslashes_is_unchanged(template: Any) -> None:
    template({"a": "-${S}-"})
    assert load_definition({"S": '"\\1\n'}) == {"a": '-"\\1\n-'}


def test_loading_does_not_change_the_template() -> None:
    assert raw_definition() == raw_definition()
    assert "${TableName}" in json.dumps(raw_definition())


def test_the_times_are_numbers() -> None:
    assert DEFINITION["TimeoutSeconds"] == 211
    assert STATES["ProcessTask"]["TimeoutSeconds"] == 31


def test_every_transition_leads_to_a_state_and_every_state_is_reachable() -> None:
    reached = {after for state in STATES.values() for after in successors(state)} | {DEFINITION["StartAt"]}
    assert reached == set(STATES)


@pytest.mark.parametrize("name", STATES)
def test_every_state_has_a_comment(name: str) -> None:
    assert STATES[name].get("Comment"), "each state has a Comment"


@pytest.mark.parametrize("name", TASKS)
def test_every_task_state_has_its_own_timeout_and_retry(name: str) -> None:
    assert isinstance(TASKS[name]["TimeoutSeconds"], int), "the times chain is computed from it"
    assert TASKS[name]["Retry"]
    for retrier in TASKS[name]["Retry"]:
        assert retrier["MaxAttempts"] == 0 or retrier["JitterStrategy"] == "FULL"


def test_the_definition_is_small_enough() -> None:
    assert len(json.dumps(DEFINITION).encode()) < 1024 * 1024
    assert DEFINITION["QueryLanguage"] == "JSONata"


# Error names: the state machine retries and catches exceptions by their class name.

OUR_NAMES = {error.__name__ for error in TASK_ERRORS.values()}


def error_names(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value.get("ErrorEquals", ())
        for child in value.values():
            yield from error_names(child)
    elif isinstance(value, list):
        for child in value:
            yield from error_names(child)


def names(field: str) -> set[str]:
    return {name for part in STATES["ProcessTask"][field] for name in part["ErrorEquals"]}


def test_every_error_class_is_caught_by_the_state_machine() -> None:
    assert names("Catch") >= OUR_NAMES, "an exception that is not caught would fail the execution"


def test_every_error_of_ours_that_the_state_machine_names_is_a_class() -> None:
    named = {name for name in error_names(DEFINITION) if re.fullmatch(r"Task\w+", name)}
    assert named == OUR_NAMES | {TaskTypeUnavailable.__name__}, "a renamed class has to be renamed on both sides"


def test_retriers_leave_the_errors_of_task_types_alone() -> None:
    """Their retry policy decides (`functions/tasks/retry.py`); a retrier here would come before it."""
    assert not names("Retry") & OUR_NAMES
    (branch,) = (catch for catch in STATES["ProcessTask"]["Catch"] if OUR_NAMES & set(catch["ErrorEquals"]))
    assert branch["Next"] == "DecideOnRetry"
    assert set(successors(STATES["DecideOnRetry"])) == {"BackOff", "ReturnToQueue", "DecideOnFailure"}


def test_the_state_machine_names_the_class_of_each_error() -> None:
    (branch,) = (catch for catch in STATES["ProcessTask"]["Catch"] if OUR_NAMES & set(catch["ErrorEquals"]))
    mapping = dict(re.findall(r"'(\w+)': '(\w+)'", branch["Assign"]["failure"]["class"]))
    assert mapping == {error.__name__: error.error_class.value for error in TASK_ERRORS.values()}


def test_every_error_class_has_its_exception_and_every_exception_its_class() -> None:
    assert set(TASK_ERRORS) == set(ErrorClass)
    assert set(TaskError.__subclasses__()) >= set(TASK_ERRORS.values())
    assert all(error.error_class is error_class for error_class, error in TASK_ERRORS.items())


def test_crashes_and_timeouts_are_retried_after_1_2_and_4_seconds() -> None:
    (retrier,) = STATES["ProcessTask"]["Retry"]
    assert {"States.Timeout", "Sandbox.Timedout", "Runtime.ExitError", "Lambda.Unknown"} < set(retrier["ErrorEquals"])
    waits = [
        min(retrier["MaxDelaySeconds"], retrier["IntervalSeconds"] * retrier["BackoffRate"] ** n)
        for n in range(retrier["MaxAttempts"])
    ]
    assert waits == [1, 2, 4]


# The keys of the list indexes (functions/adapters/task_table/indexes.py).


def updates(arguments: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The updates of the table of tasks that a state makes, by itself or in a transaction."""
    parts = [part.get("Update", {}) for part in arguments.get("TransactItems", [{"Update": arguments}])]
    yield from (part for part in parts if part.get("TableName") == "tasks" and "UpdateExpression" in part)


UPDATES = [(name, update) for name, state in TASKS.items() for update in updates(state["Arguments"])]


@pytest.mark.parametrize(("name", "arguments"), UPDATES)
def test_only_an_end_changes_the_shard_in_which_a_task_is_listed(name: str, arguments: dict[str, Any]) -> None:
    """Open tasks are listed by the counts. Failed ones are listed by their status, and success ends all that."""
    sets, _, removes = arguments["UpdateExpression"].partition(" REMOVE ")
    (status,) = re.findall(r"#status = :(\w+),", sets)
    values = arguments["ExpressionAttributeValues"]
    assert values[f":{status}"] == {"S": status}
    if status == "succeeded":
        assert "status_shard" in removes.split(", ")
        return
    if status in ("queued", "processing"):
        assert "status_shard" not in arguments["UpdateExpression"]
        return
    assert "status_shard = :status_shard" in sets
    assert f"'{status}#' & " in values[":status_shard"]["S"]


@pytest.mark.parametrize("task_id", ["0198c0de-0000-7000-8000-000000000001", "a", "~" * 100, "id#with#signs"])
def test_the_state_machine_lists_a_task_where_the_functions_look_for_it(task_id: str) -> None:
    values = claimed(DEFINITION, body=json.dumps({"task_id": task_id}))
    wanted = list_keys(task_id, "2026-01-31T12:00:00.123Z")
    assert {
        "list_shard": values[":shard"],
        "list_order": values[":order"],
        "counted": values[":counted"],
    } == wanted
