"""Machines as moto keeps them."""

import inspect
import random
from functools import lru_cache
from typing import Any, Final

from moto.core.exceptions import JsonRESTError
from moto.stepfunctions.models import StepFunctionBackend

from asl.core.errors import DefinitionError
from asl.machine import Machine
from asl.starting import check_type

KNOWS_TYPES: Final = "sm_type" in inspect.signature(StepFunctionBackend.create_state_machine).parameters
"""moto before 5.2.5 takes every machine for a STANDARD one, so there every machine can be started."""


def find(backend: Any, arn: str, rng: random.Random) -> Any:
    """moto's Express machine with this ARN, or the version that it or an alias names.

    Raises moto's errors, and `TypeNotSupported` for a machine of another type.
    """
    machine, _, qualifier = arn.rpartition(":")
    if machine.count(":") == 6 and not qualifier.isnumeric():
        routes = backend.describe_state_machine_alias(arn).routing_configuration
        (route,) = rng.choices(routes, [route["weight"] for route in routes])
        arn = route["stateMachineVersionArn"]
    found = backend.describe_state_machine(arn)
    check_type(found.arn, found.type if KNOWS_TYPES else "EXPRESS")
    return found


def unqualified(found: Any) -> str:
    """The ARN of a machine, without a version."""
    return getattr(found, "source_arn", found.arn)


def compiled(definition: str) -> Machine:
    """The machine; raises a `JsonRESTError` that names all that is wrong, with ways out.

    AWS refuses a wrong definition when a machine is made. moto does not look at it.
    """
    try:
        return _loaded(definition)
    except DefinitionError as error:
        hints = sorted({problem.hint for problem in error.problems if problem.hint})
        raise JsonRESTError(error.code, " ".join([str(error), *(f"({hint})" for hint in hints)])) from error


@lru_cache(maxsize=64)
def _loaded(definition: str) -> Machine:
    """Compiling a machine can take 20 ms, and tests run the same few again and again."""
    return Machine.load(definition)
