"""What callers learn when a request does not succeed."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from taskline import client
from taskline.client import FieldProblem, TasklineError
from tests.steering.client.answers import NEW, Script, ok, problem

Connect = Callable[..., Any]
HTML = "<html><head><title>404</title></head><body>Not here</body></html>"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, client.ValidationFailed),
        (401, client.NotAllowed),
        (403, client.NotAllowed),
        (404, client.NotFound),
        (405, client.UnexpectedReply),
        (408, client.Unavailable),
        (409, client.Conflict),
        (413, client.ValidationFailed),
        (415, client.ValidationFailed),
        (422, client.IdempotencyMismatch),
        (429, client.RateLimited),
        (500, client.ServerFailed),
        (502, client.Unavailable),
        (503, client.Unavailable),
        (504, client.Unavailable),
        (507, client.ServerFailed),
    ],
)
def test_each_status_is_an_error_of_its_kind(connect: Connect, status: int, kind: type[TasklineError]) -> None:
    script = Script(problem(status, "Wrong", [{"field": "title", "message": "is blank"}], x_amzn_requestid="an-id"))
    with pytest.raises(TasklineError) as caught:
        connect(script, retries=0).submit(NEW, idempotency_key="key")
    error = caught.value
    assert type(error) is kind
    assert str(error) == f"POST /tasks: {status} Wrong: A detail.: title is blank"
    assert (error.status, error.request_id, error.idempotency_key) == (status, "an-id", "key")
    assert error.errors == (FieldProblem(field="title", message="is blank"),)
    assert error.problem
    assert error.problem["detail"] == "A detail."


def test_errors_of_the_connection_and_of_time_are_told_apart(connect: Connect) -> None:
    for cause, kind in (
        (httpx.ConnectError("refused"), client.ConnectionFailed),
        (httpx.RemoteProtocolError("cut off"), client.ConnectionFailed),
        (httpx.ConnectTimeout("late"), client.TimedOut),
        (httpx.ReadTimeout("late"), client.TimedOut),
        (httpx.PoolTimeout("late"), client.TimedOut),
    ):
        with pytest.raises(TasklineError) as caught:
            connect(Script(cause), retries=0).get("an-id")
        assert type(caught.value) is kind
        assert (caught.value.status, caught.value.problem, caught.value.retryable) == (None, None, True)


@pytest.mark.parametrize("body", ["", HTML, "[1, 2]", "null", "{", "\ud83d\ude00" * 100, "[" * 100_000])
@pytest.mark.parametrize("status", [404, 500, 503])
def test_an_error_that_is_no_document_is_quoted(connect: Connect, status: int, body: str) -> None:
    text = body.encode("utf-16", "surrogatepass") if "\ud83d" in body else body.encode()
    with pytest.raises(TasklineError, match="without a problem document") as caught:
        connect(Script(httpx.Response(status, content=text)), retries=0).get("an-id")
    assert (caught.value.problem, caught.value.errors) == (None, ())
    assert len(str(caught.value)) < 500
    assert ("Not here" in str(caught.value)) == (body == HTML)
    assert ("/v1" in str(caught.value)) == (status == 404), "the address may lack the stage"


@pytest.mark.parametrize("errors", [None, "title", 7, {"title": "wrong"}, ["title", None, {"field": "a"}]])
def test_a_problem_document_with_strange_errors_is_still_one(connect: Connect, errors: Any) -> None:
    answer = ok({"title": "Wrong", "status": 400, "errors": errors}, 400)
    with pytest.raises(client.ValidationFailed) as caught:
        connect(Script(answer)).submit(NEW)
    assert all(isinstance(one, FieldProblem) for one in caught.value.errors)


def test_the_gateways_own_messages_are_shown(connect: Connect) -> None:
    with pytest.raises(client.NotAllowed, match="403 Forbidden"):
        connect(Script(ok({"message": "Forbidden"}, 403))).get("an-id")


@pytest.mark.parametrize("answer", [ok({}), ok([]), ok("text"), ok({"task_id": 1, "history": 7}), httpx.Response(200)])
def test_a_success_that_is_not_as_described_is_an_error(connect: Connect, answer: httpx.Response) -> None:
    script = Script(answer)
    with pytest.raises(client.UnexpectedReply, match="Is this its address"):
        connect(script).get("an-id")
    assert len(script.requests) == 1


@pytest.mark.parametrize("body", [HTML, "[" * 100_000])
def test_a_web_page_is_not_taken_for_the_api(connect: Connect, body: str) -> None:
    with pytest.raises(client.UnexpectedReply, match="not what Taskline's API sends"):
        connect(Script(httpx.Response(200, text=body))).document()


def test_a_redirect_is_not_followed(connect: Connect) -> None:
    script = Script(httpx.Response(301, headers={"Location": "https://other.example.com/"}))
    with pytest.raises(client.UnexpectedReply, match=r"moved to https://other\.example\.com/"):
        connect(script, api_key="a-secret").get("an-id")
    assert len(script.requests) == 1, "the key is for this address only"


def test_operators_learn_that_a_signature_may_be_missing(connect: Connect) -> None:
    api = connect(Script(problem(404)))
    of_tasks = (api.redrive, lambda: api.get("an-id", operator=True), lambda: api.redrive_task("an-id"))
    for call in (api.breaker, api.keys, lambda: api.key("k"), *of_tasks):
        with pytest.raises(client.NotFound, match="AWS signature"):
            call()
    with pytest.raises(client.NotFound) as caught:
        api.get("an-id")
    assert "signature" not in str(caught.value)


def test_an_error_survives_pickling(connect: Connect) -> None:
    with pytest.raises(client.Conflict) as caught:
        connect(Script(problem(409))).cancel("an-id")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (type(copy), str(copy), vars(copy)) == (client.Conflict, str(caught.value), vars(caught.value))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda api: api.get(""),
        lambda api: api.get(".."),
        lambda api: api.submit(NEW, idempotency_key="ü"),
        lambda api: api.submit(NEW, idempotency_key="x" * 256),
        lambda api: api.submit(NEW, idempotency_key="a\nb"),
        lambda api: api.submit({**NEW, "data": {"x": float("nan")}}),
        lambda api: api.submit({**NEW, "title": "\ud800"}),
        lambda api: api.call("GET", "tasks"),
    ],
)
def test_what_could_not_be_meant_is_not_sent(connect: Connect, wrong: Callable[[Any], object]) -> None:
    script = Script(problem(500))
    with pytest.raises(client.ValidationFailed) as caught:
        wrong(connect(script))
    assert (script.requests, caught.value.status) == ([], None)


@pytest.mark.parametrize("task_id", ["a/b", "a b", "a?b=c#d", "ü", "a%2Fb", "../redrive"])
def test_an_id_is_one_step_of_the_path_whatever_is_in_it(connect: Connect, task_id: str) -> None:
    script = Script(problem(404))
    with pytest.raises(client.NotFound):
        connect(script).get(task_id)
    (request,) = script.requests
    assert request.url.raw_path.decode().count("/") == 3
    assert request.url.path == f"/v1/tasks/{task_id}"
