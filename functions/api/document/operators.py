"""The operations of operators, and those about the API itself, in the OpenAPI document."""

from collections.abc import Callable, Mapping

from functions.api.document import examples
from functions.api.document.parts import Document, content, ordering_key, problem, task_id, unavailable
from functions.api.document.schemas import query_parameters
from functions.api.headers import HTML, JSON


def _redrive_task() -> Document:
    return {
        "summary": "Redrive a failed task",
        "parameters": [task_id()],
        "responses": {
            "202": {"description": "Redriven.", "content": content("RedriveReport", examples.REDRIVEN)},
            "404": problem("There is no such task."),
            "409": problem("The task cannot be redriven; `detail` says why.", examples.NOT_FAILED),
            "503": unavailable(),
        },
    }


def _redrive_tasks() -> Document:
    dry_run = {**examples.REDRIVEN, "dry_run": True, "dead_letters_removed": 0}
    return {
        "summary": "Redrive all failed tasks that match, in the original order of each key",
        "requestBody": {"required": False, "content": content("RedriveRequest", examples.REDRIVE)},
        "responses": {
            "200": {"description": "A dry run: what would be redriven.", "content": content("RedriveReport", dry_run)},
            "202": {"description": "What was redriven.", "content": content("RedriveReport", examples.REDRIVEN)},
            "400": problem("Not JSON, or a field is wrong; `errors` names each one.", examples.INVALID_REDRIVE),
            "415": problem("The body's media type is not JSON."),
            "503": unavailable(),
        },
    }


def _health() -> Document:
    properties = {"status": {"type": "string", "enum": ["healthy", "degraded"]}, "timestamp": {"type": "string"}}
    schema = {"type": "object", "required": sorted(properties), "properties": properties}
    return {
        "summary": "Check that the API responds",
        "responses": {
            "200": {
                "description": "The API responds.",
                "content": {JSON: {"schema": schema, "example": examples.HEALTH}},
            }
        },
    }


def _read_openapi() -> Document:
    schema = {"type": "object", "description": "An OpenAPI document.", "additionalProperties": True}
    return {
        "summary": "This document",
        "responses": {"200": {"description": "The document.", "content": {JSON: {"schema": schema}}}},
    }


def _read_docs() -> Document:
    return {
        "summary": "This document as a web page",
        "responses": {"200": {"description": "The page.", "content": {HTML: {"schema": {"type": "string"}}}}},
    }


def _read_breaker() -> Document:
    return {
        "summary": "Read the circuit breaker, and the pipe that it stops and starts",
        "responses": {
            "200": {"description": "The breaker.", "content": content("BreakerView", examples.BREAKER)},
            "503": unavailable(),
        },
    }


def _change_breaker() -> Document:
    return {
        "summary": "Open or close the circuit breaker",
        "requestBody": {"required": True, "content": content("BreakerChange", examples.BREAKER_CHANGE)},
        "responses": {
            "200": {
                "description": "The breaker as it is now; the pipe may take a minute or two to follow.",
                "content": content("BreakerView", examples.BREAKER),
            },
            "400": problem("Not JSON, or a field is wrong; `errors` names each one.", examples.INVALID_CHANGE),
            "415": problem("The body's media type is not JSON."),
            "503": unavailable(),
        },
    }


def _list_keys() -> Document:
    return {
        "summary": "List closed keys of all clients, the longest closed first",
        "parameters": query_parameters("KeyListQuery"),
        "responses": {
            "200": {"description": "A page of closed keys.", "content": content("KeyList", examples.CLOSED_KEYS)},
            "400": problem(
                "A parameter is wrong, unknown or given twice; `errors` names each one.", examples.INVALID_KEY_QUERY
            ),
            "503": unavailable(),
        },
    }


def _read_key() -> Document:
    return {
        "summary": "Read whether a key is open, or why it is closed",
        "parameters": [ordering_key(), *query_parameters("KeyQuery")],
        "responses": {
            "200": {"description": "The key. One without tasks is open.", "content": content("KeyView", examples.KEY)},
            "400": problem("The key or a parameter is wrong; `errors` names each one.", examples.INVALID_KEY_QUERY),
            "503": unavailable(),
        },
    }


def _change_key() -> Document:
    return {
        "summary": "Close a key, or open it and skip the failed task that keeps it closed",
        "parameters": [ordering_key(), *query_parameters("KeyQuery")],
        "requestBody": {"required": True, "content": content("KeyChange", examples.KEY_CHANGE)},
        "responses": {
            "200": {
                "description": "The key as it is now; one that was opened stays closed while parked tasks run.",
                "content": content("KeyView", examples.HELD_KEY),
            },
            "400": problem(
                "Not JSON, or the key, a parameter or a field is wrong; `errors` names each one.",
                examples.INVALID_KEY_CHANGE,
            ),
            "415": problem("The body's media type is not JSON."),
            "503": unavailable(),
        },
    }


OPERATIONS: Mapping[str, Callable[[], Document]] = {
    "redrive_task": _redrive_task,
    "redrive_tasks": _redrive_tasks,
    "health": _health,
    "read_breaker": _read_breaker,
    "change_breaker": _change_breaker,
    "list_keys": _list_keys,
    "read_key": _read_key,
    "change_key": _change_key,
    "read_openapi": _read_openapi,
    "read_docs": _read_docs,
}
