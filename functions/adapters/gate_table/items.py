"""A gate's item, read."""

from collections.abc import Mapping
from typing import Any

from functions.adapters.gate_table.layout import HASH_KEY
from functions.tasks.gates.model import Gate, Hold


def to_gate(item: Mapping[str, Any]) -> Gate:
    """The gate in an item of the table."""
    hold = Hold(reason=_text(item, "held_reason") or "", at=held_at) if (held_at := _text(item, "held_at")) else None
    return Gate(
        group=item[HASH_KEY]["S"],
        ordering_key=item["ordering_key"]["S"],
        tenant=_text(item, "tenant"),
        closed_at=item["closed_at"]["S"],
        parked=int(item["parked"]["N"]) if "parked" in item else 0,
        head=_text(item, "head"),
        sending=_text(item, "sending"),
        hold=hold,
        execution=_text(item, "execution"),
        handed_at=_text(item, "handed_at"),
    )


def _text(item: Mapping[str, Any], name: str) -> str | None:
    return item[name]["S"] if name in item else None
