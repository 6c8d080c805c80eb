"""The figures that are committed: what each stage cost when its cost was last accepted.

A change that makes a task dearer by more than `TOLERANCE` has to say so, by writing them anew:
`python -m operations.cost.committing`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from infrastructure.cost.bill import Bill

FILE = Path(__file__).with_name("committed.json")
STAGES = ("dev", "staging", "prod")
TOLERANCE = 0.02
SMALLEST = 0.005
RENEW = "If that is meant, run `.venv/bin/python -m operations.cost.committing` and commit what it writes."
_HEAD = "| part | of a million tasks | unit | $ |\n| --- | ---: | --- | ---: |"


def committed(file: Path = FILE) -> Mapping[str, Any]:
    """The accepted bill of each stage."""
    return json.loads(file.read_text(encoding="utf-8"))


def complaints(bill: Bill, accepted: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a bill, compared with the accepted one of its stage: dearer or cheaper by too much.

    Cheaper counts as well: otherwise the next change could spend unnoticed what this one saved.
    """
    for what, now, before in (
        ("a million tasks", bill.per_million, accepted["dollars_per_million_tasks"]),
        ("a month", bill.per_month, accepted["dollars_per_month"]),
    ):
        change = now / before - 1
        if abs(change) > TOLERANCE:
            more = "more" if change > 0 else "less"
            reasons = "; ".join(_differences(bill, accepted)) if what == "a million tasks" else ""
            yield (
                f"In stage {bill.stage}, {what} cost ${now:.2f}, {abs(change):.1%} {more} than the ${before:.2f} that "
                f"are committed. {reasons}{'. ' if reasons else ''}{RENEW}"
            )


def _differences(bill: Bill, accepted: Mapping[str, Any]) -> Iterator[str]:
    """The rows that changed, and by how much."""
    before = {(row["group"], row["name"]): row["dollars"] for row in accepted["per_million_tasks"]}
    now = {(row.group, row.name): row.dollars for row in bill.rows}
    for group, name in before | now:
        change = now.get((group, name), 0) - before.get((group, name), 0)
        if abs(change) > SMALLEST:
            yield f"{group}, {name}: {change:+.2f}"


def tasks_table(accepted: Mapping[str, Any]) -> str:
    """What a million tasks cost in a stage, as Markdown; rows below half a cent are left out."""
    rows = [
        f"| {row['group']}: {row['name']} | {_roughly(row['quantity'])} | {row['unit']} | {row['dollars']:.2f} |"
        for row in accepted["per_million_tasks"]
        if row["dollars"] >= SMALLEST
    ]
    total = f"| **all** | | | **{accepted['dollars_per_million_tasks']:.2f}** |"
    return "\n".join((_HEAD, *rows, total))


def stages_table(accepted: Mapping[str, Any]) -> str:
    """What each stage costs, by part, as Markdown."""
    groups = list(dict.fromkeys(row["group"] for stage in STAGES for row in accepted[stage]["per_million_tasks"]))
    lines = [f"| | {' | '.join(STAGES)} |", f"| --- | {' | '.join('---:' for _ in STAGES)} |"]
    for group in groups:
        sums = [sum(row["dollars"] for row in accepted[stage]["per_million_tasks"] if row["group"] == group)
                for stage in STAGES]  # fmt: skip
        lines.append(f"| {group} | {' | '.join(f'{one:.2f}' for one in sums)} |")
    for title, key in (
        ("a million tasks", "dollars_per_million_tasks"),
        ("a month without tasks", "dollars_per_month"),
    ):
        lines.append(f"| **{title}** | {' | '.join(f'**{accepted[stage][key]:.2f}**' for stage in STAGES)} |")
    return "\n".join(lines)


def _roughly(quantity: float) -> str:
    """Three digits are enough to see where money goes."""
    return f"{float(f'{quantity:.3g}'):,.0f}"
