"""A bill: what a million tasks cost, row by row, and what a stage costs in a month without any."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from infrastructure.cost.charges import charges
from infrastructure.cost.declared import Declared
from infrastructure.cost.load import Load
from infrastructure.cost.measured import Measured
from infrastructure.cost.monthly import monthly
from infrastructure.cost.prices import Price, Prices
from infrastructure.cost.rows import Charge


@dataclass(frozen=True, kw_only=True)
class BilledRow:
    """One row: so many units of what has this price. Per million tasks, or per month."""

    group: str
    name: str
    quantity: float
    price: Price

    @property
    def dollars(self) -> float:
        """What it costs."""
        return self.price.of(self.quantity)


@dataclass(frozen=True, kw_only=True)
class Bill:
    """What tasks cost in a stage: `rows` per million tasks, `monthly` per month, whatever the tasks."""

    stage: str
    load: Load
    prices: Prices
    rows: Sequence[BilledRow]
    monthly: Sequence[BilledRow]

    @property
    def per_million(self) -> float:
        """Dollars per million tasks."""
        return sum(row.dollars for row in self.rows)

    @property
    def per_month(self) -> float:
        """Dollars per month, without a single task."""
        return sum(row.dollars for row in self.monthly)

    def groups(self) -> Iterator[tuple[str, float]]:
        """Dollars per million tasks by group, in the order of a task's way."""
        for group in dict.fromkeys(row.group for row in self.rows):
            yield group, sum(row.dollars for row in self.rows if row.group == group)

    def document(self, tasks: float) -> dict[str, Any]:
        """The bill for so many tasks as JSON."""
        return {
            "stage": self.stage,
            "tasks": tasks,
            "load": vars(self.load),
            "prices": {"as_of": self.prices.as_of.isoformat(), "region": self.prices.region},
            "per_million_tasks": [_document(row) for row in self.rows],
            "dollars_per_million_tasks": round(self.per_million, 4),
            "dollars": round(self.per_million * tasks / 1_000_000, 4),
            "per_month": [_document(row) for row in self.monthly],
            "dollars_per_month": round(self.per_month, 2),
        }


def make_bill(stage: str, declared: Declared, measured: Measured, load: Load, prices: Prices) -> Bill:
    """The bill of a stage, from what it declares and what was measured."""
    return Bill(
        stage=stage,
        load=load,
        prices=prices,
        rows=[_priced(charge, prices) for charge in charges(declared, measured, load)],
        monthly=[_priced(charge, prices) for charge in monthly(declared, measured)],
    )


def _priced(charge: Charge, prices: Prices) -> BilledRow:
    return BilledRow(
        group=charge.group, name=charge.name, quantity=charge.quantity, price=prices.by_name[charge.price]
    )


def _document(row: BilledRow) -> dict[str, Any]:
    return {
        "group": row.group,
        "name": row.name,
        "quantity": round(row.quantity, 2),
        "unit": row.price.unit,
        "dollars": round(row.dollars, 4),
    }
