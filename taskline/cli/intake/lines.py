"""One line of a file, and the task that it makes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

FIELDS = ("title", "description", "priority", "due_date", "ordering_key", "type", "data")
DATA = "data."
DEFAULT_PRIORITY = "medium"
# A number that JSON writes in one way only: no leading zeros, no exponent, few enough digits to stay exact.
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,14})?")


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line (of a CSV file, the first of a record; of a JSON array, the element) with its task, or what is wrong.

    `size` is its part of the file in bytes; `text` is the line as it was, for the file of refused lines.
    """

    number: int
    size: int
    text: str
    task: Mapping[str, Any] | None = None
    errors: tuple[Mapping[str, str], ...] = ()

    @property
    def ordering_key(self) -> str:
        """The key that its task is ordered by; empty if it names none."""
        key: Any = self.task.get("ordering_key") if self.task else None
        return key if isinstance(key, str) else ""


@dataclass(frozen=True, kw_only=True)
class Defaults:
    """What a line gets that does not say it. `texts` are the columns of a CSV file that hold text, even if digits."""

    fields: Mapping[str, Any] = field(default_factory=dict[str, Any])
    texts: tuple[str, ...] = ()

    def task(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The whole task: the description is the title and the priority is medium, unless something says otherwise."""
        task = {**self.fields, **given}
        if isinstance(self.fields.get("data"), dict) and isinstance(given.get("data"), dict):
            task["data"] = {**self.fields["data"], **given["data"]}
        task.setdefault("priority", DEFAULT_PRIORITY)
        if "title" in task:
            task.setdefault("description", task["title"])
        return task

    def describe(self) -> dict[str, Any]:
        """What decides, with the file itself, which tasks a file makes."""
        return {"fields": dict(self.fields), "texts": sorted(self.texts)}


class WrongColumns(Exception):
    """The header of a CSV file names what no task has."""


def check_columns(columns: Iterable[str]) -> None:
    """`WrongColumns` unless every column is a field of a task, or goes into its data."""
    names = list(columns)
    wrong = [name for name in names if name not in FIELDS and not (name.startswith(DATA) and len(name) > len(DATA))]
    if wrong:
        raise WrongColumns(
            f"The header has {', '.join(map(repr, wrong))}. A column is one of {', '.join(FIELDS)}, or data.NAME."
        )
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise WrongColumns(f"The header has {', '.join(twice)} more than once.")


def from_cells(cells: Mapping[str, str], defaults: Defaults) -> dict[str, Any]:
    """The task in a row. An empty cell is left out. `ValueError` if the column `data` is not a JSON object."""
    task: dict[str, Any] = {}
    data: dict[str, Any] = {}
    for column, cell in cells.items():
        if cell == "":
            continue
        if column.startswith(DATA):
            _put(data, column.removeprefix(DATA).split("."), cell if column in defaults.texts else value(cell))
        elif column == "data":
            data |= _object(cell)
        else:
            task[column] = cell
    return defaults.task({**task, **({"data": data} if data else {})})


def value(cell: str) -> Any:
    """What a cell means in JSON: true, false and plain numbers are these, all else is text."""
    if cell in ("true", "false") or _NUMBER.fullmatch(cell):
        return json.loads(cell)
    return cell


def _put(data: dict[str, Any], path: list[str], content: Any) -> None:
    """`a.b` is the entry b of the object a."""
    *folders, name = path
    for folder in folders:
        inner = data.setdefault(folder, {})
        if not isinstance(inner, dict):
            raise ValueError(f"{DATA}{'.'.join(path)} and {DATA}{folder} are both columns")  # noqa: TRY004
        data = cast("dict[str, Any]", inner)
    data[name] = content


def _object(cell: str) -> dict[str, Any]:
    found: Any = json.loads(cell)
    if not isinstance(found, dict):
        raise ValueError("the column data holds no JSON object")  # noqa: TRY004 the caller catches one kind
    return cast("dict[str, Any]", found)
