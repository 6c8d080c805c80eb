"""What is said of a definition that is refused."""

from typing import Any

import pytest

from asl import DefinitionError, Machine, Problem
from tests.asl.machines import passing

PROCESSOR = {"StartAt": "B", "States": {"B": passing()}}
MAP = {"Type": "Map", "ItemProcessor": PROCESSOR, "End": True}


def machine_of(states: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The definition of a JSONata machine that starts with the first of these states."""
    return {"QueryLanguage": "JSONata", "StartAt": next(iter(states), "A"), "States": states, **fields}


def refused(definition: Any) -> DefinitionError:
    """The error with which the definition is refused."""
    with pytest.raises(DefinitionError) as caught:
        Machine.load(definition)
    return caught.value


def problems(states: dict[str, Any], **fields: Any) -> list[Problem]:
    """The problems of a machine of these states."""
    return refused(machine_of(states, **fields)).problems


def texts(states: dict[str, Any], **fields: Any) -> list[str]:
    """The same as text: `CODE: message at /location`."""
    return [str(problem) for problem in problems(states, **fields)]
