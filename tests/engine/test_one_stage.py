"""A deployed stage: a stopped pipe, changes from outside, a secret, every setting changed, and wrong settings."""

from collections.abc import Iterator
from pathlib import Path

import pulumi
import pytest

from infrastructure.pipeline.patience import BUSY_SECONDS
from local.program.config import load_config
from tests.engine.engine import REPLACING, Engine, Stage, program
from tests.engine.other_values import ENGINE, all_at_once, other_values
from tests.engine.provider.cloud import Cloud
from tests.engine.provider.replacements import NEVER_REPLACED

pytestmark = pytest.mark.check

PIPE = "aws:pipes/pipe:Pipe"
NAME = "taskline-dev-tasks-pipe"


@pytest.fixture(scope="module")
def stage(engine: Engine, cloud: Cloud, layer: Path) -> Iterator[Stage]:
    """One deployed stage for all tests of this file. All but the last leave it as the program declares it."""
    made = Stage(engine, "dev", {"dependencyLayer": str(layer)})
    updated = made.up()
    assert updated.code == 0, updated.output
    yield made
    destroyed = made.destroy("--skip-preview")
    assert destroyed.code == 0, destroyed.output


def with_another_pipe() -> None:
    """The program of a later version, which describes its pipe differently."""

    def change(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if args.type_ != PIPE:
            return None
        return pulumi.ResourceTransformationResult({**args.props, "description": "Changed"}, args.opts)

    pulumi.runtime.register_stack_transformation(change)
    program()


def test_an_update_of_the_pipe_leaves_it_stopped_and_another_one_lets_it_run(stage: Stage, cloud: Cloud) -> None:
    pipes = cloud.context.clients.pipes
    pipes.stop_pipe(Name=NAME)
    changed = stage.up(with_another_pipe)
    assert changed.code == 0, changed.output
    assert changed.named("update") == {(PIPE, "tasks-pipe-pipe")}, changed.steps
    assert pipes.describe_pipe(Name=NAME)["DesiredState"] == "STOPPED", "the breaker alone starts what it has stopped"
    pipes.start_pipe(Name=NAME)
    back = stage.up()
    assert back.code == 0, back.output
    assert pipes.describe_pipe(Name=NAME)["DesiredState"] == "RUNNING"


def test_an_update_waits_while_the_pipe_is_being_stopped(stage: Stage, cloud: Cloud, slept: list[float]) -> None:
    cloud.busy = 2
    slept.clear()
    changed = stage.up(with_another_pipe)
    assert changed.code == 0, changed.output
    assert (cloud.busy, slept) == (0, [BUSY_SECONDS] * 2)
    assert stage.up().code == 0


def test_an_update_gives_up_a_pipe_that_stays_busy(stage: Stage, cloud: Cloud) -> None:
    cloud.busy = 1000
    refused = stage.up(with_another_pipe)
    cloud.busy = 0
    assert refused.code != 0
    assert "is in state STOPPING" in refused.output
    assert stage.up().code == 0, "nothing else was affected"


def test_what_was_changed_or_deleted_from_outside_is_restored(stage: Stage, cloud: Cloud) -> None:
    clients, group = cloud.context.clients, "/aws/lambda/taskline-dev-reader"
    clients.logs.delete_log_group(logGroupName=group)
    url = clients.sqs.get_queue_url(QueueName="taskline-dev-tasks.fifo")["QueueUrl"]
    clients.sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "1"})
    announced = stage.preview()
    assert announced.named("create") == {("aws:cloudwatch/logGroup:LogGroup", "reader-logs")}
    assert announced.named("update") >= {("aws:sqs/queue:Queue", "tasks-queue")}
    restored = stage.up()
    assert restored.code == 0, restored.output
    assert clients.logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0].get("retentionInDays") == 7
    visibility = clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
    assert int(visibility["VisibilityTimeout"]) > 60


def test_the_secret_of_the_ids_is_nowhere_in_the_state_in_clear(stage: Stage, cloud: Cloud) -> None:
    secret = cloud.context.clients.get("ssm").get_parameter(Name="taskline-dev-id-secret", WithDecryption=True)
    value, state = secret["Parameter"]["Value"], stage.state()
    assert len(value) == 64
    assert "taskline-dev-id-secret" in state
    assert value not in state


def test_a_value_set_on_the_command_line_is_taken_whatever_its_quotes(stage: Stage) -> None:
    assert stage.set("handlerTimeoutSeconds", "7").code == 0
    assert stage.set("logExecutionData", "false").code == 0
    on_the_laptop = load_config("dev", root=stage.folder)
    changed = stage.preview()
    stage.configure()
    assert changed.code == 0, changed.output
    assert on_the_laptop["taskline:handlerTimeoutSeconds"] == "7", "both read the same file alike"
    assert on_the_laptop["taskline:logExecutionData"] == "false"
    assert ("aws:lambda/function:Function", "processor-function") in changed.named("update")


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        (
            "handlerTimeoutSecond",
            "7",
            "taskline:handlerTimeoutSecond is not a setting. Did you mean taskline:handlerTimeout",
        ),
        ("logLevel", "TRACE", "taskline:logLevel is 'TRACE'; allowed: ('DEBUG', 'INFO', 'WARNING', 'ERROR')"),
        ("operatorAuthorization", "none", "taskline:operatorAuthorization is 'none': on AWS, everyone who knows"),
    ],
)
def test_a_wrong_setting_is_refused_with_a_message_and_no_traceback(
    stage: Stage, key: str, value: str, expected: str
) -> None:
    assert stage.set(key, value).code == 0
    refused = stage.preview()
    stage.configure()
    assert refused.code != 0
    assert expected in " ".join(refused.output.split()), refused.output
    assert "Traceback" not in refused.output
    assert refused.steps == [] or refused.named("create", "update", "replace", "delete") == set()


def test_lanes_do_not_change_without_a_moment_that_all_senders_know(stage: Stage) -> None:
    stage.configure(lanes=2, laneGeneration=1)
    refused = stage.up()
    stage.configure()
    assert refused.code != 0
    assert "changes without lanesBefore and lanesFrom" in " ".join(refused.output.split()), refused.output
    assert stage.up().code == 0, "and back"


def test_every_setting_can_be_changed_on_a_deployed_stage(stage: Stage, other_layer: Path) -> None:
    settings = all_at_once(other_values(str(other_layer), ENGINE), "dev")
    # The emulator behind the provider checks no tokens, and has no domains; previews with both are in test_stages.py.
    for key in ("userPools", "tokenScopes", "domainName", "certificateArn"):
        settings.pop(key)
    # The stage is destroyed after this.
    stage.configure(**settings | {"protectData": False, "clientAuthorization": "iam"})
    changed = stage.up()
    assert changed.code == 0, changed.output
    assert not {of_type for of_type, _ in changed.named(*REPLACING)} & NEVER_REPLACED
    assert stage.preview().steps == []
