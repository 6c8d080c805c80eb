"""Elements of SVG and HTML as text in which everything is escaped. No styles and no scripts: the console's policy."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup, escape

from taskline.console.executions.model import StepStatus

Value = str | float | None


def tag(name: str, attributes: dict[str, Value], *children: str) -> Markup:
    """An element. Attributes that are None are left out; children that are not `Markup` are text."""
    written = "".join(f' {key}="{escape(number(value))}"' for key, value in attributes.items() if value is not None)
    inside = "".join(escape(child) for child in children)
    return Markup(f"<{name}{written}>{inside}</{name}>")  # noqa: S704 each part is escaped above


def joined(parts: Iterable[Markup]) -> Markup:
    """Elements one after another."""
    return Markup("").join(parts)


def number(value: Value) -> str:
    """A number without needless digits, so that the same picture is always the same text."""
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)


def css(status: StepStatus) -> str:
    """A status as part of a class."""
    return status.value.replace(" ", "-")


_QUESTION = "M6.4 6.4c0-2.2 3.2-2.2 3.2 0c0 1.3-1.6 1.2-1.6 2.6M8 11v.5"
_SHAPES = {
    StepStatus.SUCCEEDED: ("M3.5 8.5l3 3 6-7", ""),
    StepStatus.CAUGHT: ("M8 2.2l6.3 11.3H1.7z", "M8 6.4v3.4M8 11.4v.6"),
    StepStatus.FAILED: ("M5.3 1.5h5.4l3.8 3.8v5.4l-3.8 3.8H5.3l-3.8-3.8V5.3z", "M5.6 5.6l4.8 4.8M10.4 5.6l-4.8 4.8"),
    StepStatus.ABORTED: ("M8 2a6 6 0 1 0 0 12a6 6 0 1 0 0-12z", "M3.8 3.8l8.4 8.4"),
    StepStatus.NOT_REACHED: ("M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11z", ""),
    StepStatus.UNKNOWN: ("M8 2a6 6 0 1 0 0 12a6 6 0 1 0 0-12z", _QUESTION),
    StepStatus.RUNNING: ("M8 2a6 6 0 1 0 0 12a6 6 0 1 0 0-12z", ""),
}
"""Outline and mark of each status, in a square of 16: told apart by shape, not by colour alone."""


def shape(status: StepStatus, x: float, y: float) -> Markup:
    """The mark of a status, its upper left corner at a point."""
    outline, inner = _SHAPES[status]
    paths = [tag("path", {"class": "state-mark-line", "d": outline})]
    if inner:
        paths.append(tag("path", {"class": "state-mark-line", "d": inner}))
    if status is StepStatus.RUNNING:
        paths.append(tag("path", {"class": "state-mark-fill", "d": "M8 2a6 6 0 0 1 0 12z"}))
    place = {"class": f"state-mark is-{css(status)}", "transform": f"translate({number(x)} {number(y)})"}
    return tag("g", {**place, "aria-hidden": "true"}, joined(paths))
