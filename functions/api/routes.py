"""The API's routes, each stated once. Dispatch, OpenAPI document and gateway derive from them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from functions.api.access import OPERATIONS, SERVICE, TASKS

HandlerT = TypeVar("HandlerT", bound=Callable[..., object])


@dataclass(frozen=True, kw_only=True)
class Route:
    """An operation: method and path, its `operationId`, the function in `functions/` that serves it, and its tag."""

    method: str
    path: str
    operation: str
    function: str
    tag: str = TASKS


ROUTES = (
    Route(method="POST", path="/tasks", operation="submit_task", function="validator"),
    Route(method="GET", path="/tasks", operation="list_tasks", function="reader"),
    Route(method="POST", path="/tasks/batch", operation="submit_tasks", function="validator"),
    Route(method="GET", path="/stats", operation="stats", function="reader"),
    Route(method="GET", path="/tasks/{task_id}", operation="read_task", function="reader"),
    Route(method="DELETE", path="/tasks/{task_id}", operation="cancel_task", function="canceller"),
    Route(
        method="POST",
        path="/tasks/{task_id}/redrive",
        operation="redrive_task",
        function="redrive",
        tag=OPERATIONS,
    ),
    Route(method="POST", path="/tasks/{task_id}/complete", operation="complete_task", function="workers"),
    Route(method="POST", path="/tasks/{task_id}/fail", operation="fail_task", function="workers"),
    Route(method="POST", path="/tasks/{task_id}/heartbeat", operation="beat_task", function="workers"),
    Route(method="POST", path="/redrive", operation="redrive_tasks", function="redrive", tag=OPERATIONS),
    # Clients' routes show what is theirs; these show everything.
    Route(method="GET", path="/operations/tasks", operation="list_all_tasks", function="reader", tag=OPERATIONS),
    Route(method="GET", path="/operations/stats", operation="all_stats", function="reader", tag=OPERATIONS),
    Route(
        method="GET",
        path="/operations/tasks/{task_id}",
        operation="read_any_task",
        function="reader",
        tag=OPERATIONS,
    ),
    Route(
        method="DELETE",
        path="/operations/tasks/{task_id}",
        operation="cancel_any_task",
        function="canceller",
        tag=OPERATIONS,
    ),
    Route(method="GET", path="/health", operation="health", function="validator", tag=SERVICE),
    Route(method="GET", path="/breaker", operation="read_breaker", function="breaker", tag=OPERATIONS),
    Route(method="PUT", path="/breaker", operation="change_breaker", function="breaker", tag=OPERATIONS),
    Route(method="GET", path="/keys", operation="list_keys", function="keys", tag=OPERATIONS),
    Route(method="GET", path="/keys/{key}", operation="read_key", function="keys", tag=OPERATIONS),
    Route(method="PUT", path="/keys/{key}", operation="change_key", function="keys", tag=OPERATIONS),
    Route(method="GET", path="/openapi.json", operation="read_openapi", function="documents", tag=SERVICE),
    Route(method="GET", path="/docs", operation="read_docs", function="documents", tag=SERVICE),
)


def serve(function: str, *handlers: HandlerT) -> Mapping[tuple[str, str], HandlerT]:
    """The function's routes, by method and path; the handler of each has the name of its operation."""
    named = {handler.__name__: handler for handler in handlers}
    served = [route for route in ROUTES if route.function == function]
    if set(named) != {route.operation for route in served}:
        raise ValueError(
            f"{function} has the handlers {sorted(named)}, but functions/api/routes.py lists other operations for it"
        )
    return {(route.method, route.path): named[route.operation] for route in served}
