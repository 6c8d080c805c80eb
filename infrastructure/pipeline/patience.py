"""Patience with AWS, where its answers come too early: hooks that the engine calls around changes of the pipe.

A pipe's creation checks what its role may do, and IAM makes that known everywhere only after some seconds. A pipe that
is being stopped or started, by the circuit breaker or by a person, refuses every change for up to two minutes.
"""

import time

import pulumi
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import monitor_supports_feature

PROPAGATION_SECONDS = 15
BUSY = "ConflictException"
BUSY_SECONDS = 15
MOST_RETRIES = 12  # three minutes
_NEEDED = (
    resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_ERROR_HOOKS,
)


def patience(name: str) -> pulumi.ResourceHookBinding | None:
    """The hooks of the pipe `name`, or None for an engine without hooks, as on the laptop, where nothing is late."""
    if not all(monitor_supports_feature(feature) for feature in _NEEDED):
        return None
    return pulumi.ResourceHookBinding(
        before_create=[pulumi.ResourceHook(f"{name}-waits-for-its-role", wait_for_role)],
        on_error=[pulumi.ErrorHook(f"{name}-waits-while-busy", retry_while_busy)],
    )


def wait_for_role(_: pulumi.ResourceHookArgs) -> None:
    """Wait until IAM has made the role's policy known."""
    time.sleep(PROPAGATION_SECONDS)


def retry_while_busy(args: pulumi.ErrorHookArgs) -> bool:
    """Whether to try again: the pipe was busy, and has not been for too long. Waits first."""
    retry = BUSY in args.errors[0] and len(args.errors) <= MOST_RETRIES
    if retry:
        time.sleep(BUSY_SECONDS)
    return retry
