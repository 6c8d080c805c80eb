"""The prices of AWS, from the dated file beside this module."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("prices.toml")


@dataclass(frozen=True, kw_only=True)
class Price:
    """Dollars for `per` units; `source` is the page where AWS states it."""

    name: str
    dollars: float
    per: int
    unit: str
    source: str

    def of(self, quantity: float) -> float:
        """Dollars for so many units."""
        return quantity * self.dollars / self.per


@dataclass(frozen=True, kw_only=True)
class Prices:
    """All prices of one region on one day, by name."""

    as_of: date
    region: str
    by_name: Mapping[str, Price]


@cache
def load_prices(file: Path = FILE) -> Prices:
    """The prices in a file."""
    document = tomllib.loads(file.read_text(encoding="utf-8"))
    by_name = {name: Price(name=name, **fields) for name, fields in document["prices"].items()}
    return Prices(as_of=document["as_of"], region=document["region"], by_name=by_name)
