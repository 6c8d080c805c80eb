"""The hooks that wait for AWS around changes of the pipe. The engine's run has them, too."""

from collections.abc import Generator
from unittest import mock

import pulumi
import pytest

from infrastructure.pipeline import patience
from tests.infrastructure.recording import Stack

BUSY = "updating EventBridge Pipes Pipe (taskline-dev-tasks-pipe): ConflictException: Pipe is in state STOPPING"


def failed(*errors: str) -> pulumi.ErrorHookArgs:
    return pulumi.ErrorHookArgs(
        "urn", "id", "pipe", "aws:pipes/pipe:Pipe", failed_operation="update", errors=list(errors)
    )


@pytest.fixture
def slept() -> Generator[mock.Mock]:
    with mock.patch("infrastructure.pipeline.patience.time.sleep") as sleep:
        yield sleep


def test_a_pipe_that_is_being_stopped_is_changed_when_it_has_stopped(slept: mock.Mock) -> None:
    assert patience.retry_while_busy(failed(BUSY))
    slept.assert_called_once_with(patience.BUSY_SECONDS)


def test_it_does_not_wait_for_ever(slept: mock.Mock) -> None:
    """AWS takes up to two minutes to stop a pipe."""
    waits = next(n for n in range(1, 100) if not patience.retry_while_busy(failed(*[BUSY] * n))) - 1
    assert 120 < waits * patience.BUSY_SECONDS <= 300


def test_any_other_error_ends_the_update_at_once(slept: mock.Mock) -> None:
    assert not patience.retry_while_busy(failed("ValidationException: role may not be assumed", BUSY))
    slept.assert_not_called()


def test_a_new_pipe_waits_until_its_role_is_known_everywhere(slept: mock.Mock) -> None:
    patience.wait_for_role(pulumi.ResourceHookArgs("urn", "", "pipe", "aws:pipes/pipe:Pipe"))
    (seconds,) = slept.call_args.args
    assert 10 <= seconds <= 30


def test_an_engine_without_hooks_deploys_the_pipe_anyway(stack: Stack) -> None:
    assert stack.one("aws:pipes/pipe:Pipe", "tasks-pipe-pipe")
