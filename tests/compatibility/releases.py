"""The previous release, as far as executions under way depend on it: its machine, and how its processor answers.

`previous/` is written by `python -m tests.compatibility`, as a part of each release.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

from asl import Machine
from functions import processor
from statemachine import loader
from statemachine.loader import load_definition
from tests.simulation.every_error import Bench, Situation
from tests.simulation.run import VALUES, shipped_machine
from tests.simulation.world.work import OK

PREVIOUS = Path(__file__).parent / "previous"
MACHINE = PREVIOUS / "task.asl.json"
ANSWERS = PREVIOUS / "answers.json"
PLANS = (OK, "VALIDATION", "NETWORK", "RATE_LIMIT", "SYSTEM", "UNKNOWN")

Answer = dict[str, Any]


@cache
def previous_machine() -> Machine:
    """The previous release's machine, with the values of this one: a placeholder that it does not have is left out."""
    text = MACHINE.read_text()
    with mock.patch.object(loader, "DEFINITION_FILE", MACHINE):
        return Machine.load(load_definition({name: value for name, value in VALUES.items() if f"${{{name}}}" in text}))


def previous_has(state: str) -> bool:
    """Whether the previous release's machine has this state."""
    return state in json.loads(MACHINE.read_text())["States"]


def answers() -> dict[str, Answer]:
    """By plan: the event that the previous processor got, and `payload`, or `error` and `cause`, that it answered."""
    return json.loads(ANSWERS.read_text())


def answer(plan: str) -> Answer:
    """What this release's processor gets from this release's machine, and answers, for a task that ends like this."""
    noted: list[Answer] = []
    handler = processor.handler

    def noting(event: dict[str, Any], context: Any) -> Any:
        noted.append({"event": json.loads(json.dumps(event))})
        try:
            noted[-1]["payload"] = handler(event, context)
        except Exception as error:
            cause = {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": []}
            noted[-1] |= {"error": type(error).__name__, "cause": json.dumps(cause)}
            raise
        return noted[-1]["payload"]

    with mock.patch.object(processor, "handler", noting):
        Bench(Situation(name=plan, plan=(plan,))).deliver(shipped_machine())
    return noted[0]
