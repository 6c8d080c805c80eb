"""What the engine lets through and the program does not: misspelt settings, and stack names that AWS does not take."""

from pathlib import Path

import pulumi
import pytest

from infrastructure.blocks.packaging import PackagingError
from infrastructure.settings.checks import SettingsError
from infrastructure.settings.given import MAX_STACK_NAME
from infrastructure.settings.times import TimesError
from local.program.config import load_config
from local.program.stack import evaluate
from tests.infrastructure.recording import Recording, RecordingMonitor, Stack

LIMITS = {  # characters in a name, as AWS documents them; others take more
    "aws:cloudwatch/eventRule:EventRule": 64,
    "aws:iam/role:Role": 64,
    "aws:lambda/function:Function": 64,
    "aws:pipes/pipe:Pipe": 64,
    "aws:sfn/stateMachine:StateMachine": 80,
    "aws:sqs/queue:Queue": 80,
    "aws:iam/rolePolicy:RolePolicy": 128,
    "aws:dynamodb/table:Table": 255,
    "aws:sns/topic:Topic": 256,
}


def evaluated(stack: str, layer: Path, **further: str) -> Stack:
    """The program under a name of its own, with the settings of prod and others, declared or not."""
    recording = Recording()
    config = load_config("prod", {"dependencyLayer": str(layer)}) | {
        f"taskline:{key}": further[key] for key in further
    }
    try:
        return Stack(recording.resources, evaluate(recording, config, stack, monitor=RecordingMonitor))
    except SettingsError:
        assert recording.resources == [], "rejected before any resource exists"
        raise


def test_a_misspelt_setting_is_rejected_with_the_one_that_was_meant(layer: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        evaluated("prod", layer, handlerTimeoutSecond="9")
    assert "taskline:handlerTimeoutSecond is not a setting" in str(caught.value)
    assert "Did you mean taskline:handlerTimeoutSeconds?" in str(caught.value)
    assert "pulumi config rm handlerTimeoutSecond" in str(caught.value)


@pytest.mark.parametrize(
    ("stack", "limit"),
    [("x" * (MAX_STACK_NAME + 1), f"at most {MAX_STACK_NAME}"), ("feature.x", "letters, digits, - and _")],
)
def test_a_stack_name_that_no_resource_can_carry_is_rejected(layer: Path, stack: str, limit: str) -> None:
    with pytest.raises(SettingsError) as caught:
        evaluated(stack, layer)
    assert stack in str(caught.value)
    assert limit in str(caught.value)
    assert "pulumi stack rename" in str(caught.value)


def test_with_the_longest_stack_name_every_resource_has_a_name_that_aws_takes(layer: Path) -> None:
    stack = evaluated("x" * MAX_STACK_NAME, layer)
    for kind, limit in LIMITS.items():
        for resource in stack.all(kind):
            given = resource.inputs
            name = given["name"] if "name" in given else given["namePrefix"] + "x" * 26  # what the provider appends
            assert len(name) <= limit, resource.name


@pytest.mark.parametrize("error", [SettingsError, TimesError, PackagingError])
def test_what_a_user_can_correct_is_shown_without_a_traceback(error: type[Exception]) -> None:
    assert issubclass(error, pulumi.RunError)
