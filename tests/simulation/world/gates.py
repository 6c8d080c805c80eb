"""Watches the gates: what may never become of one, whoever changes it, and none that waits for nobody."""

from collections.abc import Callable, Iterator
from typing import Any

from testing.services.expressions import Item
from testing.services.gate_table import InMemoryGates

STRICT = "simulated.strict"
"""The task type whose failures halt their key."""
LONG = "simulated.long"
LONG_STRICT = "simulated.long.strict"
TOKEN = "simulated.token"
"""Types of tasks that take long; of one, failures halt their key, and one is ended by workers."""
HALTING = {STRICT, LONG_STRICT}
TAKING_LONG = {LONG, LONG_STRICT, TOKEN}
SETTLED = {"succeeded", "cancelled"}


class GateWatch:
    """Looks at each change of a gate, and at each claim of a task. `record` reads a task's record."""

    def __init__(
        self, gates: InMemoryGates, record: Callable[[str], dict[str, Any]], moment: Callable[[], int]
    ) -> None:
        self._gates = gates
        self._record = record
        self._moment = moment
        self._last: dict[str, Item] = {}
        self._closed_since: dict[str, int] = {}
        self._broken: list[str] = []
        self._passed_over: list[str] = []
        """Failed heads that were let go. Each is skipped in the same transaction, which takes it from here."""

    @property
    def broken(self) -> list[str]:
        """A sentence for each promise about gates that was broken at some moment."""
        return [*self._broken, *(f"{task_id} failed, and its gate let it go" for task_id in self._passed_over)]

    def look(self, group: str) -> None:
        """The gate of this group has changed."""
        before, after = self._last.get(group, {}), self._gates.items.get((group, "gate"), {})
        self._broken += self._of_gate(group, before, after)
        self._broken += self._of_head(group, before, after)
        if not before:
            self._closed_since[group] = self._moment()
        if after:
            self._last[group] = after
        else:
            self._last.pop(group, None)

    def skipped(self, task_id: str) -> None:
        """An operator has skipped this failed head."""
        if task_id in self._passed_over:
            self._passed_over.remove(task_id)

    def claimed(self, task_id: str, group: str, started: int) -> None:
        """An execution that started at this moment has claimed the task. Earlier ones may have found the gate open."""
        gate = self._last.get(group)
        if gate and self._closed_since[group] < started and _head(gate) != task_id:
            self._broken.append(f"{task_id} was claimed behind a gate that was closed before its execution started")

    def stuck(self, undelivered: set[str]) -> Iterator[str]:
        """What is wrong with the gates now that nothing moves. Nothing releases a head that SQS gave up on."""
        for (group, place), item in sorted(self._gates.items.items()):
            if place != "gate":
                if (group, "gate") not in self._gates.items:
                    yield f"{item['task_id']['S']} is parked behind a gate that is gone"
                continue
            if not {"ordering_key", "closed_at"} <= item.keys():
                yield f"the gate of {group} does not say whose it is"
            if (counted := _parked(item)) != (places := self._places(group)):
                yield f"{counted} tasks are counted behind the gate of {group}, but there are {places}"
            if not self._waits(item) and _head(item) not in undelivered:
                yield f"the gate of {group} is closed, and nobody is to open it: {_about(item, self._record)}"

    def _waits(self, gate: Item) -> bool:
        """Whether the gate needs an operator: it is held, or its head has failed, or a redrive of its head was
        interrupted, which the next redrive completes.
        """
        head = self._record(_head(gate) or "")
        is_redriven = head.get("status") == "queued" and "failed_key" in head
        return "held_at" in gate or is_redriven or (head.get("status") == "failed" and head.get("type") in HALTING)

    def _of_gate(self, group: str, before: Item, after: Item) -> Iterator[str]:
        if _parked(after) < 0:
            yield f"the gate of {group} counts {_parked(after)} tasks"
        if before and not after and (_head(before) or "held_at" in before or self._places(group)):
            yield f"the gate of {group} is gone, although {_about(before, self._record)}"

    def _of_head(self, group: str, before: Item, after: Item) -> Iterator[str]:
        old, new = _head(before), _head(after)
        if new is not None and new != old and "sending" in after and "held_at" in after:
            yield f"{new} was released, although an operator holds the gate of {group}"
        if old is None or new == old:
            return
        head = self._record(old)
        if new is not None:
            yield f"{old} gave way to {new} as the head of {group}"
        elif head.get("type") in HALTING and head.get("status") == "failed":
            self._passed_over.append(old)
        elif head.get("type") in HALTING and head.get("status") not in SETTLED:
            yield f"{old}, which is {head['status']!r}, is the head of {group} no more"

    def _places(self, group: str) -> int:
        return sum(key == group and place != "gate" for key, place in self._gates.items)


def _head(gate: Item) -> str | None:
    return gate["head"]["S"] if "head" in gate else None


def _parked(gate: Item) -> int:
    return int(gate["parked"]["N"]) if "parked" in gate else 0


def _about(gate: Item, record: Callable[[str], dict[str, Any]]) -> str:
    head = _head(gate)
    held = "held by an operator" if "held_at" in gate else "not held"
    status = f"its head {head} is {record(head).get('status')!r}" if head else "it has no head"
    return f"it is {held}, {status}, and {_parked(gate)} tasks are parked"
