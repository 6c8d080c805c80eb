"""The state machine as a diagram and as a table, from its definition."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

State = Mapping[str, Any]

_STATUS = re.compile(r"status\.S = '(\w+)'")
_HEAD = """\
stateDiagram-v2
    accTitle: The state machine of a task
    classDef returns fill:#fde0dc,stroke:#b3261e,color:#410e0b
    classDef done fill:#dcefdc,stroke:#2e7d32,color:#0d3311"""


def state_diagram(definition: State) -> str:
    """A Mermaid diagram: every state, every transition, and under which condition it is taken."""
    states: Mapping[str, State] = definition["States"]
    lines = [f"    [*] --> {definition['StartAt']}"]
    for name, state in states.items():
        lines += [f"    {name} --> {target}{f': {label}' if label else ''}" for target, label in _transitions(state)]
    lines += [f"    class {name} {_ending(state)}" for name, state in states.items() if _ending(state)]
    return "\n".join(["```mermaid", _HEAD, *lines, "```"])


def states_table(definition: State) -> str:
    """One row per state, with the reason that its definition states."""
    rows = [f"| `{name}` | {state['Type']} | {state['Comment']} |" for name, state in definition["States"].items()]
    return "\n".join(["| state | type | why it is there |", "| --- | --- | --- |", *rows])


def _ending(state: State) -> str:
    """The style of a state that ends the execution, or nothing."""
    if state["Type"] == "Fail":
        return "returns"
    return "done" if state["Type"] == "Succeed" or state.get("End") else ""


def _transitions(state: State) -> Iterator[tuple[str, str]]:
    """Where a state leads, each with a label."""
    if "Next" in state:
        yield state["Next"], ""
    for rule in state.get("Choices", ()):
        yield rule["Next"], _condition(rule["Condition"])
    if "Default" in state:
        yield state["Default"], "otherwise"
    for number, catcher in enumerate(state.get("Catch", ())):
        yield catcher["Next"], _errors(catcher["ErrorEquals"], "any other error" if number else "any error")


def _condition(expression: str) -> str:
    """The first clause of a condition, and a sign that more follow."""
    first, *others = expression.removeprefix("{%").removesuffix("%}").split(" and ")
    status = _STATUS.search(first)
    return (status[1] if status else first.strip().lstrip("$")) + (" and ..." if others else "")


def _errors(names: Sequence[str], everything: str) -> str:
    """The first error that a catcher names, and how many more."""
    first = everything if names[0] == "States.ALL" else names[0].rpartition(".")[2].removesuffix("Exception")
    return first + (f" and {len(names) - 1} more" if len(names) > 1 else "")
