"""The shipped state machine, with the values of a deployment."""

from functools import cache

from asl import Machine
from infrastructure.settings.times import Runs, Times, derive_times
from statemachine.loader import load_definition

MAX_DELIVERIES = 5
RETENTION_SECONDS = 360_000


def values(times: Times, halting: str = "[]") -> dict[str, str | int]:
    """A value for each placeholder of the definition. `halting` are the types that halt their key, as JSON."""
    return {
        "TableName": "tasks",
        "GatesTableName": "gates",
        "HaltingTypes": halting,
        "ProcessorFunction": "processor",
        "DeadLetterQueueUrl": "dead-letters",
        "ProcessTimeoutSeconds": times.process,
        "WorkflowTimeoutSeconds": times.workflow,
        "LeaseSeconds": times.lease,
        "RetryUntilSeconds": times.retry_until,
        "MaxDeliveries": MAX_DELIVERIES,
        "RetentionSeconds": RETENTION_SECONDS,
    }


@cache
def machine(times: Times, halting: str) -> Machine:
    """The shipped definition, compiled once for these times and types."""
    return Machine.load(load_definition(values(times, halting)))


@cache
def chain_of_times(handler_seconds: int, runs: frozenset[Runs]) -> Times:
    """The chain of times of a deployment with task types that run like this."""
    return derive_times(handler=handler_seconds, runs=runs)
