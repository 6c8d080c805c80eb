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
from functions.tasks.processing import (
    MAX_MESSAGE_CHARACTERS,
    MAX_RESULT_BYTES,
    LeaseExpiredError,
    process,
    refuse_without_lease,
)
from functions.tasks.registry import Registry
from tests.builders import LEAVE_OUT, a_message, a_task
from tests.functions.conftest import Pipeline
from tests.functions.processing.work import LEASE, Strict, Work, answer, told
from tests.functions.support import CONTEXT


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    return Work(monkeypatch)


class OurNetworkError(TaskNetworkError):
    """What a task type's author may define for himself."""


class OurTimeoutError(OurNetworkError):
    """And derive from."""


def test_the_message_of_an_accepted_task_is_processed(pipeline: Pipeline) -> None:
    pipeline.post(a_task(type="demo.echo", data={"a": [None, 1.5, "\uffff"]}, due_date="2026-12-31"))
    (message,) = pipeline.messages()
    assert answer(message["Body"]) == {"a": [None, 1.5, "\uffff"]}, "validator and processor agree on the message"


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


def test_the_attempt_in_the_message_counts_for_nothing(work: Work) -> None:
    """A producer that sends to the queue directly may write anything into its message."""
    answer(a_message(type="work", attempt=99), attempt=2)
    assert work.seen[0][0].attempt == 2


@pytest.mark.parametrize("error_class", ErrorClass)
def test_each_error_class_leaves_as_its_own_exception(work: Work, error_class: ErrorClass) -> None:
    raised = TASK_ERRORS[error_class]("no luck")
    error = work.fails(raised)
    assert type(error) is TASK_ERRORS[error_class]
    assert (told(error)["type"], told(error)["message"]) == (type(raised).__name__, "no luck")
    assert error.__cause__ is raised, "the log has the whole story"


@pytest.mark.parametrize("raised", [OurNetworkError("no route"), OurTimeoutError("no route")])
def test_a_subclass_leaves_as_the_class_that_the_state_machine_knows(work: Work, raised: TaskError) -> None:
    error = work.fails(raised)
    assert type(error) is TaskNetworkError
    assert told(error)["type"] == type(raised).__name__, "what was raised keeps its name"


def test_an_error_class_without_a_meaning_is_unknown(work: Work) -> None:
    assert type(work.fails(TaskError("what?"))) is TaskUnknownError


@pytest.mark.parametrize(
    "raised", [KeyError("k"), ZeroDivisionError(), RecursionError(), TimeoutError("t"), OSError(5, "io")]
)
def test_any_other_exception_is_unknown_and_keeps_its_name(work: Work, raised: Exception) -> None:
    error = work.fails(raised)
    assert type(error) is TaskUnknownError
    assert told(error)["type"] == type(raised).__name__
    assert error.__cause__ is raised


def test_an_error_without_a_message_has_an_empty_one(work: Work) -> None:
    assert told(work.fails(TaskRateLimitError()))["message"] == ""


def test_a_validation_error_inside_the_function_is_the_functions_own(work: Work) -> None:
    """It is not the client's data that was wrong."""

    def invalid() -> Exception:
        try:
            Strict(n=0)
        except ValueError as error:
            return error
        raise AssertionError

    error = work.fails(invalid())
    assert type(error) is TaskUnknownError
    assert told(error)["type"] == "ValidationError"


@pytest.mark.parametrize("ends", [SystemExit(1), KeyboardInterrupt()])
def test_what_ends_the_process_is_no_error_of_the_task(work: Work, ends: BaseException) -> None:
    """Lambda reports it as Runtime.ExitError, for which the state machine has its own branch."""
    work.does = ends
    with pytest.raises(type(ends)):
        work.process()


@pytest.mark.parametrize("raised", [TaskNetworkError("x" * 5000), ValueError("x" * 5000)])
def test_a_long_message_is_cut_before_step_functions_cuts_it(work: Work, raised: Exception) -> None:
    error = work.fails(raised)
    assert told(error)["message"] == "x" * MAX_MESSAGE_CHARACTERS
    assert len(str(error)) < 1200


def test_a_long_list_of_findings_is_cut_too(work: Work) -> None:
    with pytest.raises(TaskValidationError) as caught:
        work.process(**{f"field-{number}": 1 for number in range(500)})
    assert len(told(caught.value)["message"]) == MAX_MESSAGE_CHARACTERS == 1024


@pytest.mark.parametrize(
    "result",
    [{1, 2}, object(), {"a": b"bytes"}, float("nan"), float("inf"), {"a": [float("-inf")]}, "\ud800", {"\ud800": 1}],
)
def test_a_result_that_is_not_json_is_the_task_types_mistake(work: Work, result: Any) -> None:
    work.does = result
    with pytest.raises(TaskValidationError) as caught:
        work.process()
    assert told(caught.value)["type"] == "InvalidResult"
    assert told(caught.value)["message"].startswith("work ")


def test_a_result_without_end_is_the_task_types_mistake(work: Work) -> None:
    work.does = {}
    work.does["self"] = work.does
    with pytest.raises(TaskValidationError) as caught:
        work.process()
    assert told(caught.value)["type"] == "InvalidResult"
    assert told(caught.value)["message"].startswith("work ")


@pytest.mark.parametrize("room", [MAX_RESULT_BYTES - len('"\\"\\""'), MAX_RESULT_BYTES - len('"\\"\\""') + 1])
def test_a_result_up_to_the_limit_fits(work: Work, room: int) -> None:
    """What counts is its size as an escaped string: so it travels through Step Functions."""
    work.does = "x" * room
    if room == MAX_RESULT_BYTES - len('"\\"\\""'):
        assert work.process() == work.does
    else:
        with pytest.raises(TaskValidationError) as caught:
            work.process()
        assert told(caught.value)["message"] == (
            "work returned 131073 bytes of JSON, more than 131072; "
            "store large results elsewhere and return a reference"
        )


def test_a_result_is_nested_no_deeper_than_data_may_be(work: Work) -> None:
    work.does = json.loads("[" * 32 + "]" * 32)
    assert work.process() == work.does
    work.does = [work.does]
    with pytest.raises(TaskValidationError) as caught:
        work.process()
    assert told(caught.value)["message"] == "work returned a value nested deeper than 32 levels"


@pytest.mark.parametrize("result", ['"' * 50_000, "\\" * 50_000, "€" * 50_000])
def test_a_result_is_measured_in_escaped_bytes(work: Work, result: str) -> None:
    work.does = result
    with pytest.raises(TaskValidationError, match="reference") as caught:
        work.process()
    assert told(caught.value)["type"] == "InvalidResult"


@pytest.mark.parametrize(
    ("body", "says"),
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
        (a_message(type="no-such-type"), "type is not a known task type; known types are work"),
        (a_message(type="work", data={"n": 0}), "data.n "),
        (a_message(type="work", data={"m": 1}), "data.m is not a known field"),
        (a_message(type="work", data={"n": "1"}), "data.n "),
    ],
)
def test_an_invalid_message_is_a_permanent_failure_that_names_what_is_wrong(work: Work, body: str, says: str) -> None:
    with pytest.raises(TaskValidationError) as caught:
        answer(body)
    assert type(caught.value) is TaskValidationError
    assert told(caught.value)["type"] == "InvalidMessage"
    assert told(caught.value)["retry_in"] is None, "it would be invalid the next time too"
    assert says in told(caught.value)["message"]
    assert work.seen == [], "the task type's function never sees it"


def test_a_minimal_message_of_another_producer_is_processed(work: Work) -> None:
    answer(a_message(created_at=LEAVE_OUT, type="work"))
    assert len(work.seen) == 1


def test_a_message_of_every_error_survives_step_functions(work: Work) -> None:
    """The state machine parses it as JSON."""
    for raised in (TaskNetworkError('a: "b"'), ValueError("a\\b\n"), OurNetworkError("")):
        said = told(work.fails(raised))
        assert (said["type"], said["message"]) == (type(raised).__name__, str(raised))


def test_secrets_are_taken_out_of_a_message(work: Work) -> None:
    said = told(work.fails(ValueError("login of bob@example.com failed, password=hunter2")))
    assert said["message"] == "login of [email] failed, password=[secret]"


def test_a_secret_across_the_cut_does_not_show_its_first_half(work: Work) -> None:
    card = "4111 1111 1111 1111"
    said = told(work.fails(ValueError("x" * (MAX_MESSAGE_CHARACTERS - 10) + " " + card)))
    assert "4111" not in said["message"]


def test_an_error_whose_text_is_no_text_can_still_be_sent() -> None:
    """Lambda's runtime sends it as UTF-8. (Not through the handler: what it logs is captured, and has to be text.)"""

    def run(task: Task, data: Strict) -> object:
        raise ValueError("bad \ud800 name")

    registry = Registry()
    registry.task_type("work", data=Strict)(run)
    with pytest.raises(TaskUnknownError) as caught:
        process(a_message(type="work"), attempt=1, run=1, types=registry, draw=0.5)
    assert told(caught.value)["message"].encode() == b"bad ? name"


def test_a_failure_counts_in_the_metrics_by_its_class(work: Work, capsys: pytest.CaptureFixture[str]) -> None:
    work.fails(OurNetworkError("no route"))
    metrics = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    assert [metric["TaskErrorsNETWORK"] for metric in metrics if "TaskErrorsNETWORK" in metric] == [[1.0]]


def test_the_log_names_task_and_attempt_and_holds_no_data(work: Work, logged: Any) -> None:
    work.does = {"answer": "s3cret"}
    work.process(attempt=4, description="s3cret")
    line = json.loads(logged().splitlines()[-1])
    assert (line["message"], line["task_id"], line["attempt"]) == ("succeeded", "some-task", 4)
    assert "s3cret" not in logged()


def test_the_task_types_are_loaded_once(pipeline: Pipeline) -> None:
    assert processor.build() is processor.build()
    assert set(processor.build().types) == {"default", "demo.echo", "demo.flaky", "demo.slow"}


@pytest.mark.parametrize("late", [0, 5])
def test_a_lease_is_over_at_the_moment_that_it_names(late: int) -> None:
    refuse_without_lease(1000, now=999)
    with pytest.raises(LeaseExpiredError, match=rf"^the lease ended {late} ms ago$"):
        refuse_without_lease(1000, now=1000 + late)


def test_a_run_that_comes_after_its_lease_is_refused(work: Work) -> None:
    """Another execution may be working on the task already; and it is no fault of the task's."""
    event = {"task_id": "t", "body": a_message(type="work"), "attempt": 1, "run": 1, **LEASE, "lease_until": 1}
    with pytest.raises(LeaseExpiredError):
        processor.handler(event, CONTEXT)
    assert work.seen == [], "nothing was done"
    assert not issubclass(LeaseExpiredError, TaskError), "the state machine gives the message back"
