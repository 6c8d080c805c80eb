"""The request for a list, and a page of it. The OpenAPI document is generated from these models."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.config import JsonDict

from functions.tasks.errors import FieldError, Invalid, field_errors
from functions.tasks.listing.cursor import decode_cursor, encode_cursor
from functions.tasks.model import Status

MAX_LIMIT = 100


def _whole_number(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(r"[0-9]{1,9}", value):
        raise ValueError("must be a whole number")
    return value


_CURSOR: JsonDict = {"format": "continuation"}  # our own name: text from an earlier response


class ListRequest(BaseModel):
    """Which tasks to list: all of them, or those that match every given filter. Made from a query string."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    status: Annotated[Status | None, Field(description="Only tasks with this status.")] = None
    ordering_key: Annotated[
        Annotated[str, Field(pattern=r"^[!-~]{1,128}$")] | None,
        Field(description="Only tasks with this ordering key."),
    ] = None
    limit: Annotated[
        Annotated[int, Field(ge=1, le=MAX_LIMIT)],
        BeforeValidator(_whole_number),
        Field(description="Maximum number of tasks on a page."),
    ] = 20
    cursor: Annotated[
        Annotated[str, Field(json_schema_extra=_CURSOR)] | None,
        Field(description="The `cursor` of the previous page, with the same filters: continue where it ended."),
    ] = None

    @property
    def before(self) -> str | None:
        """The position after which this page starts; None for the first page. `ValueError` for an invalid cursor."""
        return None if self.cursor is None else decode_cursor(self.cursor, self.status, self.ordering_key)

    def cursor_after(self, position: str) -> str:
        """The cursor of the page after this position."""
        return encode_cursor(position, self.status, self.ordering_key)


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


class TaskList(BaseModel):
    """A page of tasks."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    tasks: Annotated[
        tuple[TaskSummary, ...],
        Field(description="Newest first. A page may have fewer tasks than `limit` even if more follow."),
    ]
    cursor: Annotated[str | None, Field(description="For the next page; omitted on the last one.")] = None


def parse_list_request(query: Mapping[str, Sequence[str]]) -> ListRequest:
    """The request in a query, given all values of each parameter; `Invalid` names each wrong one."""
    errors = [FieldError(field=name, message="is given more than once") for name in query if len(query[name]) > 1]
    try:
        request = ListRequest.model_validate({name: values[0] for name, values in query.items()})
    except ValidationError as error:
        raise _invalid([*errors, *field_errors(error)]) from error
    try:
        _ = request.before
    except ValueError as error:
        errors.append(FieldError(field="cursor", message=str(error)))
    if errors:
        raise _invalid(errors)
    return request


def _invalid(errors: Sequence[FieldError]) -> Invalid:
    return Invalid("Invalid query", "Nothing was listed.", errors)
