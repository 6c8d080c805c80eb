"""The shipped state machine, with the values of a deployment."""

from collections.abc import Mapping, Sequence
from functools import cache

from asl import Machine
from functions.tasks.registry import TaskType, heartbeats, timeouts, token_types
from functions.tasks.registry import halting as halting_types
from infrastructure.settings.times import Runs, Times, derive_long_times, derive_times
from statemachine.loader import load_definition, load_long_definition

MAX_DELIVERIES = 5
RETENTION_SECONDS = 360_000


def values(times: Times, halting: str = "[]", long: str = "[]") -> dict[str, str | int]:
    """A value for each placeholder of the definition. `halting` are the types that halt their key, and `long` those
    that take long, as JSON.
    """
    return {
        **_COMMON,
        "HaltingTypes": halting,
        "LongTypes": long,
        "LongMachineArn": "long",
        "ProcessTimeoutSeconds": times.process,
        "WorkflowTimeoutSeconds": times.workflow,
        "LeaseSeconds": times.lease,
        "RetryUntilSeconds": times.retry_until,
    }


def long_values(types: Sequence[TaskType]) -> dict[str, str | int]:
    """A value for each placeholder of the definition for tasks that take long, for these types."""
    times = derive_long_times(types)
    return {
        **_COMMON,
        "HaltingTypes": halting_types(types),
        "TokenTypes": token_types(types),
        "TypeTimeouts": timeouts(types),
        "TypeHeartbeats": heartbeats(types),
        "WorkflowTimeoutSeconds": times.workflow,
        "LeaseSeconds": times.lease,
        "RetryUntilSeconds": times.retry_until,
    }


_COMMON: Mapping[str, str | int] = {
    "TableName": "tasks",
    "GatesTableName": "gates",
    "ProcessorFunction": "processor",
    "DeadLetterQueueUrl": "dead-letters",
    "MaxDeliveries": MAX_DELIVERIES,
    "RetentionSeconds": RETENTION_SECONDS,
}


@cache
def machine(times: Times, halting: str, long: str) -> Machine:
    """The shipped definition, compiled once for these times and types."""
    return Machine.load(load_definition(values(times, halting, long)))


@cache
def long_machine(types: tuple[TaskType, ...]) -> Machine:
    """The shipped definition for tasks that take long, compiled once for these types."""
    return Machine.load(load_long_definition(long_values(types)), "STANDARD")


@cache
def chain_of_times(handler_seconds: int, runs: frozenset[Runs]) -> Times:
    """The chain of times of a deployment with task types that run like this."""
    return derive_times(handler=handler_seconds, runs=runs)
