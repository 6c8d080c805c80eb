"""The processor: from a message body to a result, or to exactly one of the five error classes."""

import json
from typing import Any

import pytest

from functions import processor
from functions.tasks.errors import (
    TASK_ERRORS,
    ErrorClass,
    TaskError,
    TaskNetworkError,
    TaskRateLimitError,
    TaskUnknownError,
    TaskValidationError,
)
from functions.tasks.model import Task
from functions.tasks.registry import Registry
from functions.tasks.runs.processing import (
    MAX_MESSAGE_CHARACTERS,
    MAX_RESULT_BYTES,
    LeaseExpiredError,
    process,
    refuse_without_lease,
)
from tests.builders import LEAVE_OUT, a_message, a_task
from tests.functions.conftest import Pipeline
from tests.functions.processing.work import LEASE, Strict, Work, details, run_processor
from tests.functions.support import CONTEXT


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    return Work(monkeypatch)


class OurNetworkError(TaskNetworkError):
    """A task type's author may define such a class."""


class OurTimeoutError(OurNetworkError):
    """And derive another one from it."""


def test_the_message_of_an_accepted_task_is_processed(pipeline: Pipeline) -> None:
    pipeline.post(a_task(type="demo.echo", data={"a": [None, 1.5, "\uffff"]}, due_date="2026-12-31"))
    (message,) = pipeline.messages()
    assert run_processor(message["Body"]) == {"a": [None, 1.5, "\uffff"]}, (
        "validator and processor agree on the message"
    )


@pytest.mark.parametrize("result", [{"a": 1}, [], "text", 0, 1.5, True, None, {"ü": "\ufffe 😀"}])
def test_the_result_is_json_text(work: Work, result: Any) -> None:
    work.does = result
    assert work.process() == result


def test_the_function_is_given_the_task_and_its_data(work: Work) -> None:
    work.process(attempt=3, title="Do it", data={"n": 7}, due_date="2026-12-31", ordering_key="acme")
    ((task, data),) = work.seen
    assert (task.title, task.due_date, task.ordering_key, task.priority) == ("Do it", "2026-12-31", "acme", "high")
    assert task.task_id == "0198c0de-0000-7000-8000-000000000001", "the idempotency token"
    assert data == Strict(n=7), "data is parsed by the type's own model"


@pytest.mark.parametrize("attempt", [1, 2, 17])
def test_the_attempt_is_passed_on(work: Work, attempt: int) -> None:
    work.process(attempt=attempt)
    assert work.seen[0][0].attempt == attempt


def test_the_attempt_in_the_message_is_ignored(work: Work) -> None:
    """A producer that sends to the queue directly may write anything into its message."""
    run_processor(a_message(type="work", attempt=99), attempt=2)
    assert work.seen[0][0].attempt == 2


@pytest.mark.parametrize("error_class", ErrorClass)
def test_each_error_class_leaves_as_its_own_exception(work: Work, error_class: ErrorClass) -> None:
    raised = TASK_ERRORS[error_class]("no luck")
    error = work.fails(raised)
    assert type(error) is TASK_ERRORS[error_class]
    assert (details(error)["type"], details(error)["message"]) == (type(raised).__name__, "no luck")
    assert error.__cause__ is raised, "the log has the cause"


@pytest.mark.parametrize("raised", [OurNetworkError("no route"), OurTimeoutError("no route")])
def test_a_subclass_leaves_as_the_class_that_the_state_machine_knows(work: Work, raised: TaskError) -> None:
    error = work.fails(raised)
    assert type(error) is TaskNetworkError
    assert details(error)["type"] == type(raised).__name__, "the exception keeps its name"


def test_an_error_without_a_class_is_unknown(work: Work) -> None:
    assert type(work.fails(TaskError("what?"))) is TaskUnknownError


@pytest.mark.parametrize(
    "raised", [KeyError("k"), ZeroDivisionError(), RecursionError(), TimeoutError("t"), OSError(5, "io")]
)
def test_any_other_exception_is_unknown_and_keeps_its_name(work: Work, raised: Exception) -> None:
    error = work.fails(raised)
    assert type(error) is TaskUnknownError
    assert details(error)["type"] == type(raised).__name__
    assert error.__cause__ is raised


def test_an_error_without_a_message_has_an_empty_one(work: Work) -> None:
    assert details(work.fails(TaskRateLimitError()))["message"] == ""


def test_a_validation_error_inside_the_function_is_the_functions_own(work: Work) -> None:
    """The client's data was not wrong."""

    def invalid() -> Exception:
        try:
            Strict(n=0)
        except ValueError as error:
            return error
        raise AssertionError

    error = work.fails(invalid())
    assert type(error) is TaskUnknownError
    assert details(error)["type"] == "ValidationError"


@pytest.mark.parametrize("ends", [SystemExit(1), KeyboardInterrupt()])
def test_an_exit_of_the_process_is_not_an_error_of_the_task(work: Work, ends: BaseException) -> None:
    """Lambda reports it as Runtime.ExitError, for which the state machine has its own branch."""
    work.does = ends
    with pytest.raises(type(ends)):
        work.process()


@pytest.mark.parametrize("raised", [TaskNetworkError("x" * 5000), ValueError("x" * 5000)])
def test_a_long_message_is_cut_before_step_functions_cuts_it(work: Work, raised: Exception) -> None:
    error = work.fails(raised)
    assert details(error)["message"] == "x" * MAX_MESSAGE_CHARACTERS
    assert len(str(error)) < 1200


def test_a_long_list_of_errors_is_cut_too(work: Work) -> None:
    with pytest.raises(TaskValidationError) as caught:
        work.process(**{f"field-{number}": 1 for number in range(500)})
    assert len(details(caught.value)["message"]) == MAX_MESSAGE_CHARACTERS == 1024


@pytest.mark.parametrize(
    "result",
    [{1, 2}, object(), {"a": b"bytes"}, float("nan"), float("inf"), {"a": [float("-inf")]}, "\ud800", {"\ud800": 1}],
)
def test_a_result_that_is_not_json_is_an_error_of_the_task_type(work: Work, result: Any) -> None:
    work.does = result
    with pytest.raises(TaskValidationError) as caught:
        work.process()
    assert details(caught.value)["type"] == "InvalidResult"
    assert details(caught.value)["message"].startswith("work ")


def test_a_circular_result_is_an_error_of_the_task_type(work: Work) -> None:
    work.does = {}
    work.does["self"] = work.does
    with pytest.raises(TaskValidationError) as caught:
        work.process()
    assert details(caught.value)["type"] == "InvalidResult"
    assert details(caught.value)["message"].startswith("work ")


@pytest.mark.parametrize("room", [MAX_RESULT_BYTES - len('"\\"\\""'), MAX_RESULT_BYTES - len('"\\"\\""') + 1])
def test_a_result_up_to_the_limit_fits(work: Work, room: int) -> None:
    """What counts is its size as an escaped string, as Step Functions passes it on."""
    work.does = "x" * room
    if room == MAX_RESULT_BYTES - len('"\\"\\""'):
        assert work.process() == work.does
    else:
        with pytest.raises(TaskValidationError) as caught:
            work.process()
        assert details(caught.value)["message"] == (
            "work returned 131073 bytes of JSON, more than 131072; "
            "store large results elsewhere and return a reference"
        )


def test_a_result_is_nested_no_deeper_than_data_may_be(work: Work) -> None:
    work.does = json.loads("[" * 32 + "]" * 32)
    assert work.process() == work.does
    work.does = [work.does]
    with pytest.raises(TaskValidationError) as caught:
        work.process()
    assert details(caught.value)["message"] == "work returned a value nested deeper than 32 levels"


@pytest.mark.parametrize("result", ['"' * 50_000, "\\" * 50_000, "€" * 50_000])
def test_a_result_is_measured_in_escaped_bytes(work: Work, result: str) -> None:
    work.does = result
    with pytest.raises(TaskValidationError, match="reference") as caught:
        work.process()
    assert details(caught.value)["type"] == "InvalidResult"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", "body is not JSON"),
        ("{", "body is not JSON"),
        ("[]", "body "),
        ("null", "body "),
        ('{"task_id": "x", "task_id": "y"}', "'task_id' twice"),
        ('{"n": NaN}', "NaN"),
        ("[" * 100_000, "nested deeper"),
        (a_message(title=LEAVE_OUT, extra=1), "title is required; extra is not a known field"),
        (a_message(title=LEAVE_OUT, description=""), "description "),
        (a_message(task_id=LEAVE_OUT), "task_id is required"),
        (a_message(extra=1), "extra is not a known field"),
        (a_message(type="work", data={"n": 0}), "data.n "),
        (a_message(type="work", data={"m": 1}), "data.m is not a known field"),
        (a_message(type="work", data={"n": "1"}), "data.n "),
    ],
)
def test_an_invalid_message_is_a_permanent_failure_with_the_reason(work: Work, body: str, message: str) -> None:
    with pytest.raises(TaskValidationError) as caught:
        run_processor(body)
    assert type(caught.value) is TaskValidationError
    assert details(caught.value)["type"] == "InvalidMessage"
    assert details(caught.value)["retry_in"] is None, "it would be invalid again"
    assert message in details(caught.value)["message"]
    assert work.seen == [], "the task type's function never sees it"


def test_a_minimal_message_of_another_producer_is_processed(work: Work) -> None:
    run_processor(a_message(created_at=LEAVE_OUT, type="work"))
    assert len(work.seen) == 1


def test_a_message_of_every_error_survives_step_functions(work: Work) -> None:
    """The state machine parses it as JSON."""
    for raised in (TaskNetworkError('a: "b"'), ValueError("a\\b\n"), OurNetworkError("")):
        reported = details(work.fails(raised))
        assert (reported["type"], reported["message"]) == (type(raised).__name__, str(raised))


def test_secrets_are_removed_from_a_message(work: Work) -> None:
    reported = details(work.fails(ValueError("login of bob@example.com failed, password=hunter2")))
    assert reported["message"] == "login of [email] failed, password=[secret]"


def test_a_secret_across_the_cut_does_not_show_its_first_half(work: Work) -> None:
    card = "4111 1111 1111 1111"
    reported = details(work.fails(ValueError("x" * (MAX_MESSAGE_CHARACTERS - 10) + " " + card)))
    assert "4111" not in reported["message"]


def test_an_error_with_invalid_text_can_still_be_sent() -> None:
    """Lambda's runtime sends it as UTF-8. (Not through the handler, whose captured log has to be valid text.)"""

    def run(task: Task, data: Strict) -> object:
        raise ValueError("bad \ud800 name")

    registry = Registry()
    registry.task_type("work", data=Strict)(run)
    with pytest.raises(TaskUnknownError) as caught:
        process(a_message(type="work"), attempt=1, run=1, types=registry, draw=0.5)
    assert details(caught.value)["message"].encode() == b"bad ? name"


def test_a_failure_counts_in_the_metrics_by_its_class(work: Work, capsys: pytest.CaptureFixture[str]) -> None:
    work.fails(OurNetworkError("no route"))
    metrics = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    assert [metric["TaskErrorsNETWORK"] for metric in metrics if "TaskErrorsNETWORK" in metric] == [[1.0]]


def test_the_log_names_task_and_attempt_and_holds_no_data(
    work: Work, logged: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    work.does = {"answer": "s3cret"}
    work.process(attempt=4, description="s3cret")
    (line,) = said(output := capsys.readouterr().out)
    assert (line["message"], line["task_id"], line["attempt"]) == ("succeeded", "some-task", 4)
    assert "s3cret" not in logged() + output


def said(output: str) -> list[dict[str, Any]]:
    """The lines that say something beside their metrics."""
    return [line for line in map(json.loads, output.splitlines()) if "message" in line]


def test_the_log_says_how_long_each_run_took_and_of_which_type_its_task_is(
    work: Work, logged: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    work.does = {"answer": 1}
    work.process()
    work.fails(OurNetworkError("no route"))
    (succeeded,), failed = said(capsys.readouterr().out), json.loads(logged())
    assert (succeeded["message"], succeeded["type"]) == ("succeeded", "work")
    assert (failed["message"], failed["type"], failed["error_class"]) == ("failed", "work", "NETWORK")
    assert 0 <= succeeded["duration_ms"] < 60_000
    assert 0 <= failed["duration_ms"] < 60_000


def test_a_message_that_is_no_task_has_no_type_in_the_log(work: Work, logged: Any) -> None:
    work.process()
    with pytest.raises(TaskValidationError):
        run_processor("[]")
    line = json.loads(logged().splitlines()[-1])
    assert (line["message"], "type" in line) == ("failed", False), "not the type of the task before it"


def test_the_task_types_are_loaded_once(pipeline: Pipeline) -> None:
    assert processor.build() is processor.build()
    assert set(processor.build().types) >= {"default", "demo.echo", "demo.flaky", "demo.slow"}


@pytest.mark.parametrize("late", [0, 5])
def test_a_lease_ends_exactly_at_its_time(late: int) -> None:
    refuse_without_lease(1000, now=999)
    with pytest.raises(LeaseExpiredError, match=rf"^the lease ended {late} ms ago$"):
        refuse_without_lease(1000, now=1000 + late)


def test_a_run_after_the_end_of_its_lease_is_refused(work: Work) -> None:
    """Another execution may already be processing the task, and it is not the task's fault."""
    event = {"task_id": "t", "body": a_message(type="work"), "attempt": 1, "run": 1, **LEASE, "lease_until": 1}
    with pytest.raises(LeaseExpiredError):
        processor.handler(event, CONTEXT)
    assert work.seen == [], "the function did not run"
    assert not issubclass(LeaseExpiredError, TaskError), "the state machine returns the message to the queue"
