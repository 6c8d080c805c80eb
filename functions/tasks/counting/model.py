"""The request for counts, and the response. The OpenAPI document is generated from these models."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from functions.tasks.errors import FieldError, Invalid, field_errors
from functions.tasks.listing.model import MAX_TENANT_CHARACTERS, NO_TENANT
from functions.tasks.model import BATCH_ID_PATTERN, ORDERING_KEY_PATTERN
from functions.tasks.tenancy import View

_STRICT = ConfigDict(extra="forbid", strict=True, frozen=True)
_Count = Annotated[int, Field(description="Number of tasks.")]


class StatsRequest(BaseModel):
    """Which tasks are counted: all of them, those of a key, or those of a batch. Made from a query string."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ordering_key: Annotated[
        Annotated[str, Field(pattern=ORDERING_KEY_PATTERN)] | None,
        Field(description="Only tasks with this ordering key; not together with `batch_id`."),
    ] = None
    batch_id: Annotated[
        Annotated[str, Field(pattern=BATCH_ID_PATTERN)] | None,
        Field(description="Only tasks of this batch: its progress."),
    ] = None

    @property
    def is_narrow(self) -> bool:
        """Whether it asks for a key or a batch."""
        return self.ordering_key is not None or self.batch_id is not None

    def narrowed(self, view: View) -> View:
        """The part of the view that is requested."""
        return view


class OperatorStatsRequest(StatsRequest):
    """Which tasks of which clients are counted; only for operators, who see all."""

    tenant: Annotated[
        Annotated[str, Field(min_length=1, max_length=MAX_TENANT_CHARACTERS)] | None,
        Field(description="Only tasks of this client, as a task's `tenant` names it; `none` for tasks without one."),
    ] = None

    def narrowed(self, view: View) -> View:
        """One client's view, if one is named."""
        return view if self.tenant is None else View(tenant=None if self.tenant == NO_TENANT else self.tenant)


class StatusCounts(BaseModel):
    """Number of tasks in each status, now."""

    model_config = _STRICT

    queued: _Count
    parked: _Count
    processing: _Count
    succeeded: _Count
    failed: _Count
    cancelled: _Count


class FlowCounts(BaseModel):
    """How many tasks were accepted in a time, and how many came to an end, whenever they were accepted."""

    model_config = _STRICT

    accepted: _Count
    succeeded: _Count
    failed: _Count
    cancelled: _Count


class Stats(BaseModel):
    """Counts of tasks. They follow the records by a second or so, and are exact once they have caught up."""

    model_config = _STRICT

    by_status: Annotated[StatusCounts, Field(description="How many tasks are in which status.")]
    by_type: Annotated[dict[str, StatusCounts], Field(description="The same for each task type that has tasks.")]
    last_minute: Annotated[
        FlowCounts | None, Field(description="The last 60 to 65 seconds; only of all tasks, not of a key or batch.")
    ] = None
    last_hour: Annotated[FlowCounts | None, Field(description="The last hour, to five seconds.")] = None
    last_day: Annotated[FlowCounts | None, Field(description="The last 24 hours, to five minutes.")] = None
    as_of: Annotated[str, Field(description="When they were read: UTC, ISO 8601, milliseconds.")]


def parse_stats_request(query: Mapping[str, Sequence[str]], model: type[StatsRequest] = StatsRequest) -> StatsRequest:
    """The request in a query, given all values of each parameter; `Invalid` names each wrong one."""
    errors = [FieldError(field=name, message="is given more than once") for name in query if len(query[name]) > 1]
    try:
        request = model.model_validate({name: values[0] for name, values in query.items()})
    except ValidationError as error:
        raise _invalid([*errors, *field_errors(error)]) from error
    if request.ordering_key is not None and request.batch_id is not None:
        errors.append(FieldError(field="batch_id", message="cannot be combined with ordering_key"))
    if errors:
        raise _invalid(errors)
    return request


def _invalid(errors: Sequence[FieldError]) -> Invalid:
    return Invalid("Invalid query", "Nothing was counted.", errors)
