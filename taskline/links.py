"""Links into the AWS console: to a task's log lines, to an execution's page, to a log group and to a dashboard.

The console's addresses are not part of AWS's documentation. They are as the console itself writes them, and as public
tools have built them for years; a link that AWS no longer knows ends at the first page of the service.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, cast
from urllib.parse import quote

# A saved query's place for the id that a person looks for. A link has the id there.
TASK, EXECUTION, REQUEST = "TASK_ID", "EXECUTION_ID", "REQUEST_ID"
# The saved queries about one thing, by their names in the stack's output `log_queries`.
ONE_TASK, ONE_EXECUTION, ONE_REQUEST = "one-task", "one-execution", "one-request"
HOUR = 3600
_DOMAINS = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}
_EARLIER_MILLISECONDS = 60_000  # clocks differ, and what began before the moment in the link is not found


class Place(NamedTuple):
    """Where a resource is: the region, and the partition, which the console's domain follows."""

    region: str
    partition: str = "aws"

    @classmethod
    def of(cls, arn: str) -> Place:
        """The place that an ARN names; `ValueError` for something else."""
        parts = arn.split(":")
        if len(parts) < 6 or parts[0] != "arn" or not parts[3]:
            raise ValueError(f"{arn!r} is not the ARN of a resource in a region")
        return cls(region=parts[3], partition=parts[1])

    def page(self, service: str, rest: str) -> str:
        """The address of a page of a service's console."""
        domain = _DOMAINS.get(self.partition, _DOMAINS["aws"])
        return f"https://{self.region}.{domain}/{service}/home?region={self.region}#{rest}"


class Period(NamedTuple):
    """From `start` to `end`, both with their zones."""

    start: datetime
    end: datetime


def run_of(arn: str) -> str:
    """The last part of an execution's ARN, which is unique: some log lines name it by that alone."""
    return arn.rpartition(":")[2]


def execution(arn: str, started_at: datetime | None) -> str:
    """The page of an execution: graph, table and events.

    Those of an Express execution the console reads from the log, from `started_at` on, which has a zone; None if it is
    not known. It shows what the stage logs: everything only with `executionLogLevel` ALL.
    """
    if ":execution:" in arn:  # a Standard one, which has a history
        return Place.of(arn).page("states", f"/v2/executions/details/{_path(arn)}")
    start = f"?startDate={round(started_at.timestamp() * 1000) - _EARLIER_MILLISECONDS}" if started_at else ""
    return Place.of(arn).page("states", f"/express-executions/details/{_path(arn)}{start}")


def state_machine(arn: str) -> str:
    """The page of a state machine, with its latest executions."""
    return Place.of(arn).page("states", f"/statemachines/view/{_path(arn)}")


def dashboard(place: Place, name: str) -> str:
    """A dashboard of CloudWatch."""
    return place.page("cloudwatch", f"dashboards/dashboard/{_path(name)}")


def log_group(place: Place, name: str) -> str:
    """A log group, with its streams."""
    return place.page("cloudwatch", f"logsV2:log-groups/log-group/{_twice(name)}")


def log_lines(place: Place, group: str, pattern: str) -> str:
    """The lines of a log group that match a filter pattern of CloudWatch Logs: `"a text"` in quotes, for example."""
    lines = f"log-events{_once('?filterPattern=')}{_twice(pattern)}"
    return place.page("cloudwatch", f"logsV2:log-groups/log-group/{_twice(group)}/{lines}")


def log_query(place: Place, query: str, groups: Sequence[str], period: Period | None = None) -> str:
    """A query of Logs Insights over these log groups, ready to run. Without a period it is about the last hour."""
    when: dict[str, object] = {"end": 0, "start": -HOUR, "timeType": "RELATIVE", "tz": "UTC", "unit": "seconds"}
    if period:
        when = {"end": _zulu(period.end), "start": _zulu(period.start), "timeType": "ABSOLUTE", "tz": "UTC"}
    detail = _detail({**when, "editorString": query, "source": groups})
    return place.page("cloudwatch", f"logsV2:logs-insights{_once('?queryDetail=')}{_twice(detail)}")


def task_log(outputs: Mapping[str, Any], task_id: str, period: Period | None = None) -> str:
    """All log lines about a task of the stage with these outputs, as a query that is ready to run."""
    return _one(outputs, ONE_TASK, TASK, task_id, period)


def execution_log(outputs: Mapping[str, Any], arn: str, period: Period | None = None) -> str:
    """The events of an execution, with the lines of its runs, as a query that is ready to run."""
    return _one(outputs, ONE_EXECUTION, EXECUTION, run_of(arn), period)


def request_log(outputs: Mapping[str, Any], request_id: str, period: Period | None = None) -> str:
    """All log lines about a request to the API, as a query that is ready to run."""
    return _one(outputs, ONE_REQUEST, REQUEST, request_id, period)


def _one(outputs: Mapping[str, Any], name: str, placeholder: str, value: str, period: Period | None) -> str:
    saved = outputs["log_queries"][name]
    place = Place.of(outputs["state_machine_arn"])
    return log_query(place, about(saved["query"], placeholder, value), saved["log_groups"], period)


def about(query: str, placeholder: str, value: str) -> str:
    """A saved query about one task, execution or request: with its id where the placeholder is.

    An id comes from a client, so what could end the text that it stands in is escaped.
    """
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return query.replace(placeholder, escaped)


def _detail(value: object) -> str:
    """A value as the console writes it into an address: `~(name~'text~list~(~'a~'b))`. The format is called JSURL."""
    if isinstance(value, str):
        return "~'" + "".join(map(_character, value))
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, object]", value).items()
        return f"~({'~'.join(name + _detail(one) for name, one in fields)})"
    if isinstance(value, Sequence):
        return f"~({''.join(map(_detail, cast('Sequence[object]', value)))})"
    return f"~{value}"


def _character(one: str) -> str:
    if (one.isascii() and one.isalnum()) or one in "_-.":
        return one
    if one == "$":
        return "!"
    units = one.encode("utf-16-be", "replace")
    if len(units) == 2 and units[0] == 0:
        return f"*{units[1]:02x}"
    return "".join(f"**{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def _zulu(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _path(text: str) -> str:
    return quote(text, safe=":-_.~$")


def _once(text: str) -> str:
    """CloudWatch's own encoding of what stands behind the #: its percent signs are dollar signs."""
    return quote(text, safe="*").replace("%", "$")


def _twice(text: str) -> str:
    """As `_once`, for a value inside of it."""
    return _once(quote(text, safe="*").replace("~", "%7E"))
