"""One charge before it has a price, and the steps in which AWS charges."""

from __future__ import annotations

import math
from dataclasses import dataclass

CHUNK_BYTES = 64 * 1024
EXPRESS_STEP_MEGABYTES, EXPRESS_STEP_SECONDS, EXPRESS_OWN_MEGABYTES = 64, 0.1, 50
_MEGABYTE = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Charge:
    """So many units, of a million tasks or of a month, at the price of this name."""

    group: str
    name: str
    quantity: float
    price: str


def chunks(size: int) -> int:
    """How many requests a message of so many bytes is charged as."""
    return max(1, math.ceil(size / CHUNK_BYTES))


def gigabyte_seconds(megabytes: float, seconds: float) -> float:
    """What a run takes, in the unit that is charged."""
    return megabytes / 1024 * seconds


def express_gigabyte_seconds(definition_bytes: int, payload_bytes: int, seconds: float) -> float:
    """What an Express execution takes: memory in steps of 64 MB, time in steps of 100 ms.

    https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html
    """
    megabytes = EXPRESS_OWN_MEGABYTES + (definition_bytes + payload_bytes) / _MEGABYTE
    charged = math.ceil(megabytes / EXPRESS_STEP_MEGABYTES) * EXPRESS_STEP_MEGABYTES
    return gigabyte_seconds(charged, round(math.ceil(round(seconds / EXPRESS_STEP_SECONDS, 6)) * 0.1, 6))
