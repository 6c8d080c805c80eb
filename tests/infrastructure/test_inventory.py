"""All resources that the program creates: the same on every evaluation, in an update and in a preview."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from tests.infrastructure.expected import INVENTORY, KNOWN_BEFORE_DEPLOYMENT
from tests.infrastructure.recording import Stack, arn, run

ROOT = Path(__file__).parents[2]
STAGES = sorted(path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml"))


def test_an_update_creates_exactly_these_resources(stack: Stack) -> None:
    assert stack.inventory() == INVENTORY, "a missing or an extra resource has to be intended"


def test_a_preview_shows_exactly_the_resources_that_an_update_creates(preview: Stack) -> None:
    assert preview.inventory() == INVENTORY


def test_every_resource_belongs_to_a_component(stack: Stack) -> None:
    components = {one.name for one in stack if not one.custom}
    assert [one.name for one in stack if one.custom and one.parent not in components] == []


def test_names_start_with_project_and_stage(stack: Stack) -> None:
    for one in stack:
        if one.type == "aws:lambda/alias:Alias":
            continue  # named within its function
        if one.retained:
            continue  # the account's
        if one.custom and (name := one.inputs.get("name") or one.inputs.get("layerName")):
            ours = "taskline-dev-" in name or name.startswith(("/taskline/dev/", "taskline-dev/"))
            assert ours, f"{one.name}: two stages in one account would collide"


def test_two_evaluations_are_the_same_to_the_last_byte(stack: Stack, layer: Path) -> None:
    assert run("dev", layer).plain() == stack.plain(), "an update without a change must change nothing"


def test_a_preview_differs_from_the_update_only_in_what_is_unknown(stack: Stack, preview: Stack) -> None:
    update = stack.plain()
    for key, seen in preview.plain().items():
        assert_same_but_for_unknowns(seen["inputs"], update[key]["inputs"], str(key))


def assert_same_but_for_unknowns(seen: Any, final: Any, path: str) -> None:
    if isinstance(seen, dict) and isinstance(final, dict):
        assert seen.keys() == final.keys(), path
        for name in seen:
            assert_same_but_for_unknowns(seen[name], final[name], f"{path}.{name}")
    elif isinstance(seen, list) and isinstance(final, list):
        assert len(seen) == len(final), path
        for index, item in enumerate(seen):
            assert_same_but_for_unknowns(item, final[index], f"{path}[{index}]")
    elif seen != "unknown":
        assert seen == final, path


def test_the_program_queries_the_provider_only_for_its_location(stack: Stack) -> None:
    assert sorted(stack.calls) == [
        "aws:index/getCallerIdentity:getCallerIdentity",
        "aws:index/getPartition:getPartition",
        "aws:index/getRegion:getRegion",
    ]


def test_the_outputs_of_an_update(stack: Stack) -> None:
    machine = arn("states", "stateMachine:taskline-dev-workflow")
    queues = "https://sqs.eu-west-1.amazonaws.com/111122223333"
    queries = stack.exports["log_queries"]
    assert set(queries) == {"one-task", "one-execution", "one-request"}
    assert stack.exports == {
        "log_queries": queries,  # its texts are tested by running them
        "dashboard_url": "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1"
        "#dashboards/dashboard/taskline-dev",
        "api_url": "https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/v1",
        "api_key_ids": {"default": "api-usage-default-key-id"},
        "queue_url": f"{queues}/taskline-dev-tasks.fifo",
        "dead_letter_queue_url": f"{queues}/taskline-dev-dead-letters.fifo",
        "table_name": "taskline-dev-tasks",
        "function_names": [
            f"taskline-dev-{name}"
            for name in (
                "validator",
                "reader",
                "canceller",
                "redrive",
                "keys",
                "workers",
                "documents",
                "processor",
                "processor-long",
                "gatekeeper",
                "events",
                "counter",
                "monitor",
                "breaker",
            )
        ],
        "task_types": {
            name: {"retry": {"attempts": 4, "base": 1.0, "cap": 4.0}, "pool": {"name": "default"}}
            for name in ("default", "demo.echo", "demo.flaky", "demo.slow", "demo.strict")
        }
        | {
            name: {"retry": {"attempts": 4, "base": 1.0, "cap": 4.0}, "pool": {"name": "long"}}
            for name in ("demo.long", "demo.worker")
        },
        "events_topic_arn": arn("sns", "taskline-dev-task-events"),
        "event_failures_queue_url": f"{queues}/taskline-dev-event-failures",
        "alerts_topic_arn": arn("sns", "taskline-dev-alerts"),
        "pipe_name": "taskline-dev-tasks-pipe",
        "lanes": {"now": ["tasks"], "before": []},
        "state_machine_name": "taskline-dev-workflow",
        "state_machine_arn": machine,
        "long_state_machine_arn": arn("states", "stateMachine:taskline-dev-long-workflow"),
        "console_url": "https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1"
        f"#/statemachines/view/{machine}",
    }


def test_a_preview_knows_the_names_and_not_the_urls(stack: Stack, preview: Stack) -> None:
    assert preview.exports.keys() == stack.exports.keys()
    known = {name for name, value in preview.exports.items() if not isinstance(value, pulumi.output.Unknown)}
    assert known == KNOWN_BEFORE_DEPLOYMENT
    assert all(preview.exports[name] == stack.exports[name] for name in known)


def test_every_exported_function_name_belongs_to_a_function(stack: Stack) -> None:
    created = {one.inputs["name"] for one in stack.all("aws:lambda/function:Function")}
    assert set(stack.exports["function_names"]) == created


@pytest.mark.parametrize("as_preview", [False, True], ids=["update", "preview"])
@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_can_be_deployed(layer: Path, stage: str, as_preview: bool) -> None:
    made = run(stage, layer, preview=as_preview)
    renamed = Counter((kind, name.replace(f"-{stage}-", "-dev-")) for kind, name in made.inventory())
    assert renamed == INVENTORY, "stages differ in their settings, not in their parts"


def test_the_promised_stages_exist() -> None:
    assert {"dev", "staging", "prod"} <= set(STAGES)


def test_the_project_file_runs_this_program_with_its_own_python() -> None:
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
    assert project["name"] == "taskline"
    assert project["runtime"] == {"name": "python", "options": {"toolchain": "pip", "virtualenv": ".venv"}}
    assert (ROOT / project["main"] / "__main__.py").is_file()


def test_all_inputs_are_resolved(stack: Stack) -> None:
    """What the engine receives can be written as JSON: it holds no Output."""
    json.dumps([one["inputs"] for one in stack.plain().values()])
