"""Each stage under the real engine: preview, update, preview again, every setting changed, destroy."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from infrastructure.pipeline.patience import PROPAGATION_SECONDS
from tests.engine.engine import REPLACING, Engine, Outcome, Stage
from tests.engine.inventory import existing
from tests.engine.other_values import ENGINE, STAGES, all_at_once, other_values
from tests.engine.provider.cloud import Cloud
from tests.engine.provider.replacements import NEVER_REPLACED

pytestmark = pytest.mark.check

PROTECTED = "prod"


@dataclass
class Story:
    """What became of a stage: the outcome of each command, and what was on the emulator after some of them."""

    stage: str
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    left: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    waits: list[float] = field(default_factory=list)


@pytest.fixture(scope="module", params=STAGES)
def story(
    request: pytest.FixtureRequest, engine: Engine, cloud: Cloud, slept: list[float], layer: Path, other_layer: Path
) -> Story:
    told, clients = Story(request.param), cloud.context.clients
    told.left["before"] = existing(clients)
    stage = Stage(engine, told.stage, {"dependencyLayer": str(layer)})
    told.outcomes["first preview"] = stage.preview()
    slept.clear()
    told.outcomes["update"] = stage.up()
    told.waits = list(slept)
    told.left["update"] = existing(clients)
    told.outcomes["second preview"] = stage.preview()
    stage.configure(**all_at_once(other_values(str(other_layer), ENGINE), told.stage))
    told.outcomes["changed preview"] = stage.preview()
    if told.stage == PROTECTED:
        stage.configure()
        told.outcomes["refused destroy"] = stage.destroy()
        told.left["refused destroy"] = existing(clients)
        stage.configure(protectData=False)
        told.outcomes["unprotecting update"] = stage.up()
    told.outcomes["destroy"] = stage.destroy("--skip-preview")
    told.left["destroy"] = existing(clients)
    return told


def test_every_command_succeeds(story: Story) -> None:
    for name, outcome in story.outcomes.items():
        assert (outcome.code == 0) is (name != "refused destroy"), f"{name}:\n{outcome.output}"
        assert "Traceback" not in outcome.output


def test_the_update_creates_what_the_preview_announced_and_nothing_else(story: Story) -> None:
    announced, done = story.outcomes["first preview"], story.outcomes["update"]
    assert set(done.counts()) == {"create"}
    assert announced.named("create") == done.named("create")
    assert len(done.steps) > 190


def test_the_pipe_is_created_when_its_role_is_known(story: Story) -> None:
    assert story.waits == [PROPAGATION_SECONDS]


def test_a_second_preview_is_empty(story: Story) -> None:
    assert story.outcomes["second preview"].steps == []


def test_changing_every_setting_replaces_nothing_that_holds_tasks(story: Story) -> None:
    changed = story.outcomes["changed preview"]
    assert not {of_type for of_type, _ in changed.named(*REPLACING)} & NEVER_REPLACED
    tag = "tags.cost-center"
    key = {"kmsMasterKeyId", "sqsManagedSseEnabled", tag}
    assert changed.paths("tasks-table") == {"deletionProtectionEnabled", "serverSideEncryption", tag}
    assert changed.paths("tasks-queue") == key | {"redrivePolicy", "visibilityTimeoutSeconds"}
    assert changed.paths("dead-letters-queue") == key | {"visibilityTimeoutSeconds"}
    assert ("aws:lambda/layerVersion:LayerVersion", "code-layer") in changed.named("replace")


def test_destroying_leaves_nothing_behind_but_the_role_with_which_the_account_logs(story: Story) -> None:
    assert story.left["update"]["tables"] >= {f"taskline-{story.stage}-tasks"}
    before, after = story.left["before"], story.left["destroy"]
    (role,) = after["roles"] - before.get("roles", set())
    assert role.startswith("api-access-role-")
    assert after | {"roles": after["roles"] - {role}} == {"roles": set()} | before


def test_a_protected_stage_refuses_its_destruction_before_anything_is_deleted(story: Story) -> None:
    if story.stage != PROTECTED:
        assert "refused destroy" not in story.outcomes
        return
    assert "protect" in story.outcomes["refused destroy"].output
    assert story.left["refused destroy"] == story.left["update"]
    assert story.outcomes["unprotecting update"].counts()["update"] > 0
