"""The client and the API's own document, field by field: neither has what the other does not know."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

from functions.api.document.openapi import openapi_document
from taskline.client import NewTask, Taskline
from taskline.client.results import keys, redrive, service, submission, tasks
from taskline.client.results.base import NotAsDescribed, Result, fields_of, is_required, wire_name
from tests.steering.client.both import FakeClock, sync_client

DOCUMENT = openapi_document()
SCHEMAS = DOCUMENT["components"]["schemas"]
MODELS: dict[str, type[Result]] = {
    "TaskView": tasks.Task,
    "HistoryEntry": tasks.HistoryStep,
    "TaskFailure": tasks.TaskError,
    "TaskLinks": tasks.Links,
    "TaskProgress": tasks.Progress,
    "WorkerReply": tasks.BroughtBack,
    "HeartbeatReply": tasks.Sign,
    "TaskSummary": tasks.ListedTask,
    "TaskList": tasks.TaskPage,
    "RedriveReport": redrive.RedriveReport,
    "RedrivenTask": redrive.RedrivenTask,
    "MalformedMessage": redrive.MalformedMessage,
    "KeyView": keys.Key,
    "KeyList": keys.KeyPage,
    "BreakerView": service.Breaker,
    "PipeView": service.BreakerPipe,
    "LaneView": service.BreakerLane,
    "BatchResponse": submission.BatchReply,
    "BatchResult": submission.BatchItem,
    "Stats": service.Stats,
    "StatusCounts": service.StatusCounts,
    "FlowCounts": service.FlowCounts,
}
REQUESTS = {
    *("NewTask", "Batch", "RedriveRequest", "BreakerChange", "KeyChange"),
    *("Completion", "WorkerFailure", "Heartbeat", "ProgressReport"),
}
OTHERS = {"Problem"}
JSON_TYPES = {"string": str, "integer": int, "boolean": bool, "number": float}


def schema_of(name: str) -> dict[str, Any]:
    return SCHEMAS[name]


def test_every_schema_has_its_result() -> None:
    models = {name for name in SCHEMAS if name not in REQUESTS | OTHERS and schema_of(name).get("type") == "object"}
    assert models == MODELS.keys()


@pytest.mark.parametrize("name", MODELS)
def test_a_result_has_the_fields_of_its_schema(name: str) -> None:
    schema = schema_of(name)
    found = {wire_name(one): one for one in fields_of(MODELS[name])}
    assert found.keys() == schema["properties"].keys()
    for field, one in found.items():
        if is_required(one):
            assert field in schema["required"], f"{field} may be missing in a response"


@pytest.mark.parametrize("name", MODELS)
def test_a_result_has_the_types_of_its_schema(name: str) -> None:
    hints = typing.get_type_hints(MODELS[name])
    for one in fields_of(MODELS[name]):
        expected = python_type(schema_of(name)["properties"][wire_name(one)])
        hint = hints[one.name]
        assert expected is Any or without_none(hint) == expected, f"{name}.{one.name}: {hint} is not {expected}"
        may_be_missing = not is_required(one) and one.default is None and hint is not Any
        assert may_be_missing == (type(None) in typing.get_args(hint)), f"{name}.{one.name}: {hint}"


def python_type(schema: Mapping[str, Any]) -> Any:
    """What a value of the schema is in the client; Any if that cannot be said."""
    if "$ref" in schema:
        return named(schema["$ref"].rsplit("/", 1)[1])
    parts = [part for part in schema.get("allOf", schema.get("anyOf", [])) if part.get("enum") != [None]]
    if len(parts) == 1:
        return python_type(parts[0])
    if schema.get("type") == "array":
        return tuple[python_type(schema["items"]), ...]
    if schema.get("type") == "object":
        others = schema.get("additionalProperties")
        return Mapping[str, python_type(others) if isinstance(others, dict) and others else Any]
    return JSON_TYPES.get(schema.get("type", ""), Any)


def named(name: str) -> Any:
    if name in MODELS:
        return MODELS[name]
    return Mapping[str, Any] if name == "Problem" else python_type({**schema_of(name)})


def without_none(hint: Any) -> Any:
    if isinstance(hint, types.UnionType):
        (kept,) = (one for one in typing.get_args(hint) if one is not type(None))
        return kept
    return hint


def test_a_new_task_has_the_fields_of_its_schema() -> None:
    fields = {one.name: one for one in dataclasses.fields(NewTask)}
    assert fields.keys() == schema_of("NewTask")["properties"].keys()
    required = {name for name, one in fields.items() if one.default is dataclasses.MISSING}
    assert required == set(schema_of("NewTask")["required"])


def test_health_has_the_fields_of_its_schema() -> None:
    content = DOCUMENT["paths"]["/health"]["get"]["responses"]["200"]["content"]["application/json"]
    assert {one.name for one in fields_of(service.Health)} == content["schema"]["properties"].keys()


@pytest.mark.parametrize("name", MODELS)
def test_all_that_is_sent_is_read_and_what_is_new_is_kept(name: str) -> None:
    document = sample(schema_of(name))
    made = MODELS[name].read({**document, "new_field": {"x": 1}})
    assert made.extra == {"new_field": {"x": 1}}
    assert made.document == {**document, "new_field": {"x": 1}}
    assert made == MODELS[name].read(document), "what a client does not know makes no difference"
    assert made == copy.copy(made) == pickle.loads(pickle.dumps(made))
    for one in fields_of(MODELS[name]):
        if wire_name(one) in document:
            assert as_sent(getattr(made, one.name)) == document[wire_name(one)]


def sample(schema: Mapping[str, Any]) -> Any:
    """A document with each field that the schema knows."""
    if "$ref" in schema:
        return sample(schema_of(schema["$ref"].rsplit("/", 1)[1]))
    if parts := schema.get("allOf", schema.get("anyOf")):
        return sample(parts[0])
    if schema.get("type") == "array":
        return [sample(schema["items"]), sample(schema["items"])]
    if schema.get("type") == "object":
        others = schema.get("additionalProperties")
        named = {name: sample(one) for name, one in schema.get("properties", {}).items()}
        return named or {"a": sample(others) if isinstance(others, dict) else {"b": [1, None]}}
    return {"string": "a text", "integer": 7, "number": 1.5, "boolean": True}.get(schema.get("type", ""), {"any": []})


def as_sent(value: Any) -> Any:
    if isinstance(value, Result):
        return dict(value.document)
    if isinstance(value, tuple):
        return [as_sent(one) for one in value]
    if isinstance(value, dict):
        return {name: as_sent(one) for name, one in value.items()}
    return value


@pytest.mark.parametrize("name", MODELS)
def test_a_document_without_a_promised_field_is_no_result(name: str) -> None:
    with pytest.raises(NotAsDescribed, match=MODELS[name].__name__):
        MODELS[name].read("a text")
    required = [wire_name(one) for one in fields_of(MODELS[name]) if is_required(one)]
    if required:
        with pytest.raises(NotAsDescribed, match="has no"):
            MODELS[name].read({})


# Operations

CALLS: dict[str, Callable[[Taskline], object]] = {
    "submit_task": lambda client: client.submit({"title": "x"}),
    "submit_tasks": lambda client: list(client.submit_many([{"title": "x"}], batch_id="b")),
    "list_tasks": lambda client: client.list(status="failed", ordering_key="k", limit=1, cursor="c"),
    "list_all_tasks": lambda client: client.list(
        status="failed", ordering_key="k", limit=1, cursor="c", tenant="none"
    ),
    "read_task": lambda client: client.get("an-id"),
    "read_any_task": lambda client: client.get("an-id", operator=True),
    "cancel_task": lambda client: client.cancel("an-id"),
    "cancel_any_task": lambda client: client.cancel("an-id", operator=True),
    "complete_task": lambda client: client.complete("an-id", "a-token", 1),
    "fail_task": lambda client: client.fail("an-id", "a-token", "a reason", retry_after=1),
    "beat_task": lambda client: client.heartbeat("an-id", "a-token", percent=1),
    "redrive_task": lambda client: client.redrive_task("an-id"),
    "redrive_tasks": lambda client: client.redrive(
        error_class="NETWORK",
        task_type="t",
        ordering_key="k",
        failed_from="2026-01-01T00:00:00Z",
        failed_until="2026-01-01T00:00:00Z",
        drop_malformed=True,
        page_size=1,
        continuation="c",
    ),
    "health": lambda client: client.health(),
    "list_keys": lambda client: client.keys(limit=1, cursor="c"),
    "read_key": lambda client: client.key("a-key", tenant="none"),
    "change_key": lambda client: client.open_key("a-key", "a reason", head="an-id", tenant="none"),
    "read_breaker": lambda client: client.breaker(),
    "change_breaker": lambda client: client.open_breaker("a reason"),
    "read_openapi": lambda client: client.document(),
    "stats": lambda client: client.stats(ordering_key="k", batch_id="b"),
    "all_stats": lambda client: client.stats(ordering_key="k", batch_id="b", tenant="none"),
}
FOR_PEOPLE = {"read_docs"}
OPERATIONS = {
    operation["operationId"]: (method.upper(), path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}


def test_every_operation_has_a_method() -> None:
    assert CALLS.keys() == OPERATIONS.keys() - FOR_PEOPLE


@pytest.mark.parametrize("operation", CALLS)
def test_a_method_sends_what_the_document_describes(operation: str) -> None:
    method, path, described = OPERATIONS[operation]
    sent: list[httpx.Request] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(409, json={"title": "Stop"})

    with pytest.raises(Exception, match="Stop"):
        CALLS[operation](sync_client(refuse))
    (request,) = sent
    assert (request.method, request.url.path) == (
        method,
        "/v1" + path.replace("{task_id}", "an-id").replace("{key}", "a-key"),
    )
    parameters = described.get("parameters", [])
    assert set(request.url.params) == {one["name"] for one in parameters if one["in"] == "query"}
    sends_key = any(one["name"] == "Idempotency-Key" for one in parameters)
    assert ("Idempotency-Key" in request.headers) == sends_key
    if content := described.get("requestBody", {}).get("content", {}).get("application/json"):
        properties = schema_of(content["schema"]["$ref"].rsplit("/", 1)[1])["properties"]
        body = json.loads(request.content)
        assert body.keys() <= properties.keys()
        if operation != "submit_task":
            assert body.keys() == properties.keys(), "all that can be asked for"
    else:
        assert request.content == b""


REPEATED = {"submit_task", "submit_tasks", "change_breaker", "change_key", "cancel_task", "cancel_any_task"}


@pytest.mark.parametrize("operation", CALLS)
def test_each_operation_is_known_to_be_safe_to_repeat_or_not(operation: str) -> None:
    """Reading is; redriving is not: what failed again in between would run once more."""
    method, _, _ = OPERATIONS[operation]
    sent: list[httpx.Request] = []

    def busy(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(503, json={"title": "Busy"}, headers={"Retry-After": "0"})

    client = sync_client(busy, clock=FakeClock().clock)
    with pytest.raises(Exception, match="Busy"):
        CALLS[operation](client)
    assert len(sent) == (3 if method == "GET" or operation in REPEATED else 1)
