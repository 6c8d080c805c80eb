"""Keys as the API shows and changes them. Field descriptions are written for clients."""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError
from pydantic.config import JsonDict

from functions.tasks import strict_json
from functions.tasks.errors import BODY, FieldError, Invalid, field_errors
from functions.tasks.gates.steering import Cause, KeyState
from functions.tasks.listing.model import MAX_LIMIT, MAX_TENANT_CHARACTERS, NO_TENANT, whole_number
from functions.tasks.model import MAX_ID_CHARACTERS
from functions.tasks.tenancy import Tenant

_STRICT = ConfigDict(extra="forbid", strict=True, frozen=True)
_QUERY = ConfigDict(extra="forbid", frozen=True)
_CURSOR: JsonDict = {"format": "continuation"}  # our own name: text from an earlier response
QueryT = TypeVar("QueryT", bound=BaseModel)


class KeyChange(BaseModel):
    """A change of a key by an operator."""

    model_config = _STRICT

    state: Annotated[
        Literal["open", "closed"],
        Field(
            description="`closed` parks all tasks of the key until it is opened. `open` ends that, and skips the "
            "failed task that keeps the key closed, if one does. Parked tasks then run one by one, before newer ones."
        ),
    ]
    reason: Annotated[
        str,
        StringConstraints(strip_whitespace=True),
        Field(
            min_length=1,
            max_length=500,
            description="Why; shown to everyone who reads the key, and in the history of a task that is skipped.",
        ),
    ]
    head: Annotated[
        Annotated[str, Field(min_length=1, max_length=MAX_ID_CHARACTERS)] | None,
        Field(description="The only task that opening may skip: so a request that is repeated skips no second one."),
    ] = None


class KeyQuery(BaseModel):
    """Whose key is meant. Made from a query string."""

    model_config = _QUERY

    tenant: Annotated[
        Annotated[str, Field(min_length=1, max_length=MAX_TENANT_CHARACTERS)] | None,
        Field(
            description="The client whose key it is, as a task's `tenant` names it. Left out, or `none`: the key of "
            "tasks without one, as all are where clients share their tasks."
        ),
    ] = None

    @property
    def owner(self) -> Tenant:
        """The tenant whose key it is."""
        return None if self.tenant == NO_TENANT else self.tenant


def _check_cursor(cursor: str) -> str:
    _decode(cursor)
    return cursor


class KeyListQuery(BaseModel):
    """Which page of closed keys. Made from a query string."""

    model_config = _QUERY

    limit: Annotated[
        Annotated[int, Field(ge=1, le=MAX_LIMIT)],
        BeforeValidator(whole_number),
        Field(description="Maximum number of keys on a page."),
    ] = 20
    cursor: Annotated[
        Annotated[str, Field(json_schema_extra=_CURSOR), AfterValidator(_check_cursor)] | None,
        Field(description="The `cursor` of the previous page: continue where it ended."),
    ] = None

    @property
    def after(self) -> str | None:
        """The place after which this page starts; None for the first page."""
        return None if self.cursor is None else _decode(self.cursor)


class KeyView(BaseModel):
    """An ordering key: whether its tasks run or are parked, and why."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: Annotated[str, Field(description="The ordering key.")]
    tenant: Annotated[str | None, Field(description="The client whose key it is; left out for tasks without one.")] = (
        None
    )
    state: Annotated[Literal["open", "closed"], Field(description="`open`: tasks run. `closed`: they are parked.")]
    cause: Annotated[
        Cause | None,
        Field(
            description="Why it is closed. `failed`: its `head` has failed, and has to succeed or to be skipped. "
            "`held`: an operator has closed it. `running`: its `head` takes long. `draining`: parked tasks run, one "
            "after another."
        ),
    ] = None
    head: Annotated[
        str | None, Field(description="The id of the task that the parked ones wait for, if there is one.")
    ] = None
    parked: Annotated[int | None, Field(description="How many tasks are parked; only when it is closed.")] = None
    since: Annotated[str | None, Field(description="Closed since when: UTC, ISO 8601, milliseconds.")] = None
    reason: Annotated[str | None, Field(description="Why an operator has closed it, if one has.")] = None


class KeyList(BaseModel):
    """A page of closed keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    keys: Annotated[tuple[KeyView, ...], Field(description="The longest closed first.")]
    cursor: Annotated[str | None, Field(description="For the next page; omitted on the last one.")] = None


def rejected_key(errors: Sequence[FieldError]) -> Invalid:
    """The rejection of a request about a key, or about all of them."""
    return Invalid("Invalid request", "No key was read or changed.", errors)


def parse_key_change(text: str) -> KeyChange:
    """The change that a request body describes; `Invalid` names each wrong field."""
    try:
        return KeyChange.model_validate(strict_json.loads(text))
    except ValidationError as error:
        raise rejected_key(field_errors(error)) from error
    except ValueError as error:
        raise rejected_key([FieldError(field=BODY, message=str(error))]) from error


def parse_key_query(query: Mapping[str, Sequence[str]], model: type[QueryT]) -> QueryT:
    """The request in a query, given all values of each parameter; `Invalid` names each wrong one."""
    errors = [FieldError(field=name, message="is given more than once") for name in query if len(query[name]) > 1]
    try:
        request = model.model_validate({name: values[0] for name, values in query.items()})
    except ValidationError as error:
        raise rejected_key([*errors, *field_errors(error)]) from error
    if errors:
        raise rejected_key(errors)
    return request


def key_document(state: KeyState) -> dict[str, Any]:
    """A key as an operator reads it (`KeyView` describes it)."""
    document: dict[str, Any] = {"key": state.ordering_key, "tenant": state.tenant, "state": "open"}
    if gate := state.gate:
        document |= {
            "state": "closed",
            "cause": state.cause,
            "head": gate.head,
            "parked": gate.parked,
            "since": gate.closed_at,
            "reason": gate.hold.reason if gate.hold else None,
        }
    return {name: value for name, value in document.items() if value is not None}


def list_document(states: Sequence[KeyState], following: str | None) -> dict[str, Any]:
    """A page of keys (`KeyList` describes it)."""
    cursor = {} if following is None else {"cursor": _encode(following)}
    return {"keys": [key_document(state) for state in states], **cursor}


def _encode(place: str) -> str:
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def _decode(cursor: str) -> str:
    """The place in a cursor. `ValueError` for anything that `_encode` did not return."""
    try:
        place = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)).decode()
        known = _encode(place) == cursor and [type(part) for part in json.loads(place)] == [str, str]
    except (ValueError, TypeError, RecursionError):
        known = False
        place = ""
    if not known:
        raise ValueError("is not a cursor from an earlier response")
    return place
