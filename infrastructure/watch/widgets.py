"""The widgets of a CloudWatch dashboard, and how they are laid out: from left to right, section below section.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pulumi

from infrastructure.watch.metrics import Metric, Search

COLUMNS = 24
MINUTE = 60
MAX_ALARMS = 100  # that one widget takes
_HEADER_HEIGHT = 2


class Line(NamedTuple):
    """One line of a graph, or one number. `statistic` in CloudWatch's words: Sum, Average, Maximum, p95.

    For a search, `join` makes one line of those that it finds: SUM or MAX. Without it there is one for each.
    """

    metric: Metric | Search
    statistic: str
    label: str = ""
    join: str = ""


@dataclass(frozen=True, kw_only=True)
class Widget:
    """One rectangle of the dashboard, of `width` of the 24 columns."""

    type: str
    width: int
    height: int
    properties: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Section:
    """A heading with a sentence, as Markdown, and the widgets below it."""

    title: str
    text: pulumi.Input[str]
    widgets: Sequence[Widget]


def graph(title: str, region: str, lines: Sequence[Line], *, width: int = 8, period: int = MINUTE) -> Widget:
    """Lines over time."""
    return _metrics(title, region, lines, width, period, {"view": "timeSeries", "yAxis": {"left": {"min": 0}}})


def number(title: str, region: str, lines: Sequence[Line], *, width: int = 4, period: int = MINUTE) -> Widget:
    """The latest values as numbers, with small graphs behind them."""
    return _metrics(title, region, lines, width, period, {"view": "singleValue", "sparkline": True}, height=4)


def alarm_status(title: str, arns: Sequence[pulumi.Input[str]]) -> Iterator[Widget]:
    """The states of all alarms, as many in one widget as it takes."""
    for first in range(0, len(arns), MAX_ALARMS):
        part = list(arns[first : first + MAX_ALARMS])
        height = 2 + -(-len(part) // 6)
        yield Widget(type="alarm", width=COLUMNS, height=height, properties={"title": title, "alarms": part})


def log_table(title: str, region: str, query: str, groups: Sequence[pulumi.Input[str]], *, width: int) -> Widget:
    """The result of a query of Logs Insights, which is run when somebody looks at the dashboard."""
    sources = [pulumi.Output.concat("SOURCE '", group, "' | ") for group in groups]
    text = pulumi.Output.concat(*sources, query)
    properties = {"title": title, "region": region, "query": text, "view": "table"}
    return Widget(type="log", width=width, height=6, properties=properties)


def lay_out(sections: Sequence[Section]) -> list[dict[str, Any]]:
    """The widgets of a dashboard's body, each with its place."""
    placed: list[dict[str, Any]] = []
    top = 0
    for section in sections:
        heading = pulumi.Output.concat(f"# {section.title}\n", section.text)
        header = Widget(type="text", width=COLUMNS, height=_HEADER_HEIGHT, properties={"markdown": heading})
        for row in _rows((header, *section.widgets)):
            placed += _place(row, top)
            top += max(widget.height for widget in row)
    return placed


def _rows(widgets: Sequence[Widget]) -> Iterator[list[Widget]]:
    row: list[Widget] = []
    for widget in widgets:
        if row and sum(one.width for one in row) + widget.width > COLUMNS:
            yield row
            row = []
        row.append(widget)
    yield row


def _place(row: Sequence[Widget], top: int) -> Iterator[dict[str, Any]]:
    left = 0
    for widget in row:
        place = {"x": left, "y": top, "width": widget.width, "height": widget.height}
        yield {"type": widget.type, **place, "properties": dict(widget.properties)}
        left += widget.width


def _metrics(
    title: str,
    region: str,
    lines: Sequence[Line],
    width: int,
    period: int,
    options: Mapping[str, Any],
    height: int = 6,
) -> Widget:
    rows = [_row(line, number, period) for number, line in enumerate(lines, 1)]
    properties = {"title": title, "region": region, "period": period, "metrics": rows, **options}
    return Widget(type="metric", width=width, height=height, properties=properties)


def _row(line: Line, number: int, period: int) -> list[Any]:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Metric-Widget-Structure.html"""
    label = {"label": line.label} if line.label else {}
    if isinstance(line.metric, Search):
        found = line.metric.expression(line.statistic, period)
        return [{"expression": f"{line.join}({found})" if line.join else found, "id": f"e{number}", **label}]
    dimensions = [part for pair in line.metric.dimensions.items() for part in pair]
    return [line.metric.namespace, line.metric.name, *dimensions, {"stat": line.statistic, **label}]
