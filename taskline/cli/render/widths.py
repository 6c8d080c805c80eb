"""Fits a table into the width of a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taskline.cli.render.output import Column

NARROWEST = 8  # a cut column


def fitted(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int, gap: int) -> dict[int, int]:
    """The columns that are shown, by index, with their widths.

    If the table is too wide, spare columns go, the last one first; then wide ones share what is left.
    """
    natural = {
        index: max([len(column.title), *(len(row[index]) for row in rows)]) for index, column in enumerate(columns)
    }
    for index in [index for index, column in enumerate(columns) if column.spare][::-1]:
        if _least(columns, natural, gap) <= width:
            break
        del natural[index]
    excess = sum(natural.values()) + gap * len(natural) - width
    for index in [index for index in natural if columns[index].wide][::-1]:
        cut = max(0, min(excess, natural[index] - NARROWEST))
        natural[index] -= cut
        excess -= cut
    return natural


def _least(columns: Sequence[Column], widths: dict[int, int], gap: int) -> int:
    """How wide the table is when its wide columns are cut as far as they can be."""
    return sum(min(width, NARROWEST) if columns[index].wide else width for index, width in widths.items()) + gap * len(
        widths
    )
