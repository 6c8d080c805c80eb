"""From a proxy event to the route that answers it, and from every error to its answer."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from functions.api.cors import with_cors
from functions.api.messages import Request, Response, problem, read_request, unavailable
from functions.api.problems import TITLES
from functions.tasks.errors import Refused, Unavailable
from functions.telemetry.observability import logger

Route = Callable[[Request], Response]


def dispatch(
    event: Mapping[str, Any], routes: Mapping[tuple[str, str], Route], otherwise: Route | None = None
) -> dict[str, Any]:
    """Answer the event with the route for its method and resource (`("GET", "/tasks/{task_id}")`).

    HEAD is answered as GET is, without the body. `otherwise` answers all that has no route; by itself that is 405.
    Never raises: a stack trace is for the log, a problem document for the client.
    """
    instance: str = event.get("requestContext", {}).get("path", "/")
    try:
        request = read_request(event)
        response = _find(request, routes, otherwise)(request).to_proxy()
    except Exception as error:
        response = problem(_refusal(error), instance).to_proxy()
    if event.get("httpMethod") == "HEAD":
        response = {**response, "body": ""}
    return with_cors(response, event)


def method_not_allowed(request: Request, allowed: Collection[str]) -> Refused:
    """405: the path is there, but takes only these methods."""
    methods = ", ".join(allowed)
    detail = f"{request.path} does not take {request.method}, only {methods}."
    return Refused(405, TITLES[405], detail, headers={"Allow": methods})


def _refusal(error: Exception) -> Refused:
    if isinstance(error, Refused):
        logger.info("refused", status=error.status, fields=[wrong.field for wrong in error.errors])
        return error
    if isinstance(error, Unavailable):
        logger.exception("unavailable")
        return unavailable()
    logger.exception("a bug")
    return Refused(500, TITLES[500], "This is a mistake on our side; it is logged.")


def _find(request: Request, routes: Mapping[tuple[str, str], Route], otherwise: Route | None) -> Route:
    method = "GET" if request.method == "HEAD" else request.method
    route = routes.get((method, request.resource), otherwise)
    if route is None:
        raise method_not_allowed(request, sorted(one for one, resource in routes if resource == request.resource))
    return route
