"""The bill of a stage at a load."""

from __future__ import annotations

from functools import cache

from infrastructure.cost.bill import Bill, make_bill
from infrastructure.cost.declared import Declared
from infrastructure.cost.load import Load
from infrastructure.cost.prices import load_prices
from operations.cost.measuring import measure
from operations.cost.program import declared


@cache
def bill_of(stage: str, load: Load | None = None) -> Bill:
    """The bill of a stage as it is declared; the default load if none is given."""
    return bill_for(declared(stage), stage, load or Load())


def bill_for(resources: Declared, stage: str, load: Load) -> Bill:
    """The bill of these resources."""
    return make_bill(stage, resources, measure(resources, load), load, load_prices())
