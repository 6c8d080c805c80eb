"""The request handler of `GET /keys`, `GET /keys/{key}` and `PUT /keys/{key}`. See `tasks/gates/`."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.adapters.gate_table.steering import DynamoDBGates
from functions.api.callers import ANONYMOUS
from functions.api.http import Request, Response, dispatch, json_response
from functions.api.routes import serve
from functions.tasks.errors import FieldError
from functions.tasks.gates.steering import Gates, KeyState, Opening, close_key, closed_keys, open_key
from functions.tasks.gates.steering import read_key as read_state
from functions.tasks.gates.view import (
    KeyListQuery,
    KeyQuery,
    key_document,
    list_document,
    parse_key_change,
    parse_key_query,
    rejected_key,
)
from functions.tasks.model import ORDERING_KEY_PATTERN
from functions.tasks.ports import Built
from functions.telemetry.observability import logger, observed


@dataclass(frozen=True, kw_only=True)
class Steering:
    """What the handler depends on."""

    gates: Gates
    keep_for: timedelta
    now: Callable[[], datetime]


@Built
def build() -> Steering:
    """The dependencies, once per execution environment."""
    return Steering(
        gates=DynamoDBGates(os.environ["GATES_TABLE_NAME"], os.environ["TABLE_NAME"]),
        keep_for=timedelta(seconds=int(os.environ["RETENTION_SECONDS"])),
        now=lambda: datetime.now(UTC),
    )


def list_keys(request: Request) -> Response:
    """GET /keys: a page of the closed keys of all clients, the longest closed first."""
    query = parse_key_query(request.query, KeyListQuery)
    return json_response(200, list_document(*closed_keys(query.after, query.limit, build().gates)))


def read_key(request: Request) -> Response:
    """GET /keys/{key}: whether the key is open, or why and since when it is closed."""
    query = parse_key_query(request.query, KeyQuery)
    return _respond(read_state(_key(request), query.owner, build().gates))


def change_key(request: Request) -> Response:
    """PUT /keys/{key}: close or open it; 200 with its new state."""
    key, query = _key(request), parse_key_query(request.query, KeyQuery)
    change, steering, by = parse_key_change(request.require_json()), build(), request.signer or ANONYMOUS
    now, tenant = steering.now(), query.owner
    if change.state == "closed":
        state = close_key(key, tenant, change.reason, gates=steering.gates, now=now)
    else:
        opening = Opening(by=by, reason=change.reason, now=now, keep_for=steering.keep_for, head=change.head)
        state = open_key(key, tenant, opening, gates=steering.gates)
    logger.info("key changed", requested=change.state, cause=state.cause, by=by, reason=change.reason)
    return _respond(state)


def _key(request: Request) -> str:
    """The key in the path, which API Gateway leaves encoded; `Invalid` when no task can have it."""
    key = unquote(request.path_parameters["key"])
    if not re.fullmatch(ORDERING_KEY_PATTERN, key):
        message = "must have 1 to 128 printable ASCII characters without spaces, percent-encoded where a URL needs it"
        raise rejected_key([FieldError(field="key", message=message)])
    return key


def _respond(state: KeyState) -> Response:
    return json_response(200, key_document(state))


ROUTES = serve("keys", list_keys, read_key, change_key)


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """API Gateway's proxy event in, proxy response out."""
    return dispatch(event, ROUTES)
