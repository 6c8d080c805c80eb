"""The table of a run."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from itertools import zip_longest
from typing import Final

from operations.smoke.run import Row

VERDICTS: Final = {True: "agrees", False: "DIFFERS", None: ""}
_WIDTHS: Final = (8, 38, 38, 38)


def table(rows: Sequence[Row]) -> str:
    """All rows in columns; long values take several lines."""
    lines = [_line("", "check", "expected", "found"), "  ".join("-" * width for width in _WIDTHS)]
    for row in rows:
        columns = [_wrapped(text, width) for text, width in zip(_cells(row), _WIDTHS, strict=True)]
        lines += [_line(*cells) for cells in zip_longest(*columns, fillvalue="")]
    return "\n".join(lines)


def _cells(row: Row) -> tuple[str, str, str, str]:
    return VERDICTS[row.agrees], row.check, row.expected, row.found


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width) or [""]


def _line(*cells: str) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=True)).rstrip()
