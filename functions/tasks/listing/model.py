"""The request for a list, and a page of it. The OpenAPI document is generated from these models."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.config import JsonDict

from functions.tasks.errors import FieldError, Invalid, field_errors
from functions.tasks.listing.cursor import decode_cursor, encode_cursor
from functions.tasks.model import ORDERING_KEY_PATTERN, Status
from functions.tasks.tenancy import View

MAX_LIMIT = 100
MAX_TENANT_CHARACTERS = 2048
NO_TENANT = "none"


def whole_number(value: object) -> object:
    """A number in a query string is digits only: `int` accepts more."""
    if isinstance(value, str) and not re.fullmatch(r"[0-9]{1,9}", value):
        raise ValueError("must be a whole number")
    return value


_CURSOR: JsonDict = {"format": "continuation"}  # our own name: text from an earlier response


class ListRequest(BaseModel):
    """Which tasks to list: all of them, or those that match every given filter. Made from a query string."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    status: Annotated[Status | None, Field(description="Only tasks with this status.")] = None
    ordering_key: Annotated[
        Annotated[str, Field(pattern=ORDERING_KEY_PATTERN)] | None,
        Field(description="Only tasks with this ordering key."),
    ] = None
    limit: Annotated[
        Annotated[int, Field(ge=1, le=MAX_LIMIT)],
        BeforeValidator(whole_number),
        Field(description="Maximum number of tasks on a page."),
    ] = 20
    cursor: Annotated[
        Annotated[str, Field(json_schema_extra=_CURSOR)] | None,
        Field(description="The `cursor` of the previous page, with the same filters: continue where it ended."),
    ] = None

    def narrowed(self, view: View) -> View:
        """The part of the view that is requested."""
        return view

    def before(self, view: View) -> str | None:
        """The position after which this page starts; None for the first page. `ValueError` for an invalid cursor."""
        if self.cursor is None:
            return None
        return decode_cursor(self.cursor, self.narrowed(view), self.status, self.ordering_key)

    def cursor_after(self, position: str, view: View) -> str:
        """The cursor of the page after this position."""
        return encode_cursor(position, self.narrowed(view), self.status, self.ordering_key)


class OperatorListRequest(ListRequest):
    """Which tasks of which clients to list; only for operators, who see all."""

    tenant: Annotated[
        Annotated[str, Field(min_length=1, max_length=MAX_TENANT_CHARACTERS)] | None,
        Field(description="Only tasks of this client, as a task's `tenant` names it; `none` for tasks without one."),
    ] = None

    def narrowed(self, view: View) -> View:
        """One client's view, if one is named."""
        return view if self.tenant is None else View(tenant=None if self.tenant == NO_TENANT else self.tenant)


class TaskSummary(BaseModel):
    """A task in a list: its status, without what was submitted or returned."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    task_id: Annotated[str, Field(description="The task's id.")]
    status: Annotated[Status, Field(description="The task's status.")]
    type: Annotated[str, Field(description="The task type.")]
    priority: Annotated[str, Field(description="Its priority: low, medium or high.")]
    ordering_key: Annotated[str, Field(description="Its ordering key.")]
    attempts: Annotated[int, Field(ge=0, description="Number of runs so far, over all executions.")]
    created_at: Annotated[str, Field(description="When it was accepted: UTC, ISO 8601, milliseconds.")]
    started_at: Annotated[str | None, Field(description="When it was first claimed.")] = None
    finished_at: Annotated[str | None, Field(description="When it succeeded, failed or was cancelled.")] = None
    error_class: Annotated[str | None, Field(description="Why it failed; only when it failed.")] = None
    tenant: Annotated[str | None, Field(description="The client that submitted it; only operators see this.")] = None


class TaskList(BaseModel):
    """A page of tasks."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    tasks: Annotated[
        tuple[TaskSummary, ...],
        Field(
            description="Newest first, for operators client by client. "
            "A page may have fewer tasks than `limit` even if more follow."
        ),
    ]
    cursor: Annotated[str | None, Field(description="For the next page; omitted on the last one.")] = None


def parse_list_request(
    query: Mapping[str, Sequence[str]], view: View, model: type[ListRequest] = ListRequest
) -> ListRequest:
    """The request in a query, given all values of each parameter; `Invalid` names each wrong one."""
    errors = [FieldError(field=name, message="is given more than once") for name in query if len(query[name]) > 1]
    try:
        request = model.model_validate({name: values[0] for name, values in query.items()})
    except ValidationError as error:
        raise _invalid([*errors, *field_errors(error)]) from error
    try:
        request.before(view)
    except ValueError as error:
        errors.append(FieldError(field="cursor", message=str(error)))
    if errors:
        raise _invalid(errors)
    return request


def _invalid(errors: Sequence[FieldError]) -> Invalid:
    return Invalid("Invalid query", "Nothing was listed.", errors)
