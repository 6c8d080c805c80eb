"""Several lanes, and the change of their number: resources, permissions, variables, and what is refused."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pulumi
import pytest

from functions.tasks.intake.lanes import QUIET, Lanes
from infrastructure.api.rest_api import FUNCTION_TIMEOUT_SECONDS
from infrastructure.settings import lane_changes
from infrastructure.settings.checks import SettingsError
from infrastructure.settings.lane_changes import LEAD, check_change
from taskline.lanes import lanes_of
from tests.infrastructure.recording import Recording, Stack, arn, run

QUEUES = "https://sqs.eu-west-1.amazonaws.com/111122223333"
FROM = "2026-12-01T12:00:00Z"
CHANGE: Mapping[str, Any] = {"lanes": 3, "laneGeneration": 1, "lanesBefore": 1, "lanesFrom": FROM}
PIPES = [f"taskline-dev-tasks-g01-{number}of3-pipe" for number in (1, 2, 3)]
NOW = datetime(2026, 12, 1, 11, tzinfo=UTC)


@pytest.fixture(scope="module")
def three(layer: Path) -> Stack:
    """A stack that has had three lanes from its beginning."""
    return run("dev", layer, lanes=3)


@pytest.fixture(scope="module")
def changing(layer: Path) -> Stack:
    """A stack that goes from one lane to three."""
    return run("dev", layer, **CHANGE)


def variables(stack: Stack, name: str) -> dict[str, str]:
    return stack.one("aws:lambda/function:Function", f"{name}-function").inputs["environment"]["variables"]


def allowed(stack: Stack, name: str, action: str) -> set[str]:
    """The ARNs on which a role may do this."""
    statements = stack.one("aws:iam/rolePolicy:RolePolicy", f"{name}-policy").json("policy")["Statement"]
    found = [one["Resource"] for one in statements if action in one["Action"]]
    return {arn for one in found for arn in ([one] if isinstance(one, str) else one)}


def names(stack: Stack, of_type: str) -> set[str]:
    return {one.inputs["name"].removeprefix("taskline-dev-") for one in stack.all(of_type)}


def test_each_lane_is_a_queue_with_a_pipe_of_its_own(three: Stack) -> None:
    queues = names(three, "aws:sqs/queue:Queue")
    assert {f"tasks-{number}of3.fifo" for number in (1, 2, 3)} <= queues
    assert "tasks.fifo" not in queues
    for number in (1, 2, 3):
        pipe = three.one("aws:pipes/pipe:Pipe", f"tasks-{number}of3-pipe-pipe")
        assert pipe.inputs["source"] == arn("sqs", f"taskline-dev-tasks-{number}of3.fifo")
        assert "desiredState" not in pipe.inputs, "there is nothing to wait for"
        role = f"tasks-{number}of3-pipe"
        assert allowed(three, role, "sqs:ReceiveMessage") == {arn("sqs", f"taskline-dev-tasks-{number}of3.fifo")}


def test_all_lanes_are_configured_alike_and_share_their_dead_letters(three: Stack, stack: Stack) -> None:
    one = stack.one("aws:sqs/queue:Queue", "tasks-queue").inputs
    for number in (1, 2, 3):
        lane = three.one("aws:sqs/queue:Queue", f"tasks-{number}of3-queue").inputs
        assert {**lane, "name": one["name"]} == one


def test_those_that_send_may_send_to_every_lane_and_know_where_it_is(three: Stack) -> None:
    for name in ("validator", "redrive"):
        given = variables(three, name)
        assert given["QUEUE_URL"] == ",".join(f"{QUEUES}/taskline-dev-tasks-{number}of3.fifo" for number in (1, 2, 3))
        assert "LANES_FROM" not in given
        assert "QUEUE_URLS_BEFORE" not in given
        assert allowed(three, name, "sqs:SendMessage") == {
            arn("sqs", f"taskline-dev-tasks-{number}of3.fifo") for number in (1, 2, 3)
        }


def test_the_breaker_switches_every_pipe_and_keeps_its_record(three: Stack) -> None:
    given = variables(three, "breaker")
    pipes = [f"taskline-dev-tasks-{number}of3-pipe" for number in (1, 2, 3)]
    assert (given["PIPE_NAME"], given["BREAKER_ID"]) == (",".join(pipes), "taskline-dev-tasks-pipe")
    assert allowed(three, "breaker", "pipes:StopPipe") == {arn("pipes", f"pipe/{name}") for name in pipes}
    assert allowed(three, "breaker", "sqs:GetQueueAttributes") == set()


def test_each_lane_has_its_own_alarms_and_the_first_keeps_their_names(three: Stack) -> None:
    made = names(three, "aws:cloudwatch/metricAlarm:MetricAlarm")
    for name in ("queue-age", "pipe-failures", "pipe-throttles"):
        assert {name, f"{name}-2", f"{name}-3"} <= made
    second = three.one("aws:cloudwatch/metricAlarm:MetricAlarm", "queue-age-2-alarm").inputs
    assert second["dimensions"] == {"QueueName": "taskline-dev-tasks-2of3.fifo"}
    assert second["alarmDescription"].endswith("operations.md: queue-age."), "they share an entry in the runbook"
    stuck = three.one("aws:cloudwatch/compositeAlarm:CompositeAlarm", "queue-stuck-alarm").inputs["alarmRule"]
    ages = " OR ".join(f'ALARM("taskline-dev-queue-age{suffix}")' for suffix in ("", "-2", "-3"))
    assert stuck == f'({ages}) AND ALARM("taskline-dev-no-executions")'


def test_the_dashboard_shows_each_lane(three: Stack) -> None:
    body = three.one("aws:cloudwatch/dashboard:Dashboard", "dashboard-dashboard").inputs["dashboardBody"]
    for number in (1, 2, 3):
        assert f"taskline-dev-tasks-{number}of3.fifo" in body
        assert f"taskline-dev-tasks-{number}of3-pipe" in body
    (waiting,) = [one for one in json.loads(body)["widgets"] if one["properties"].get("title") == "Waiting"]
    assert [row[-1]["label"] for row in waiting["properties"]["metrics"]] == ["Waiting", "Waiting-2", "Waiting-3"]


def test_the_outputs_name_the_lanes(three: Stack, changing: Stack) -> None:
    assert three.exports["lanes"] == {"now": ["tasks-1of3", "tasks-2of3", "tasks-3of3"], "before": []}
    for made in (three, changing):
        lanes = lanes_of(made.exports)
        queues = {f"{QUEUES}/{one.inputs['name']}" for one in made.all("aws:sqs/queue:Queue")}
        assert {lane.queue_url for lane in lanes} <= queues
        assert {lane.pipe_name for lane in lanes} == {one.inputs["name"] for one in made.all("aws:pipes/pipe:Pipe")}
        assert (lanes[0].queue_url, lanes[0].pipe_name) == (made.exports["queue_url"], made.exports["pipe_name"])
    assert [(lane.name, lane.drains) for lane in lanes_of(changing.exports)][-1] == ("tasks", True)


def test_during_a_change_the_old_lanes_stay_as_they_were(changing: Stack, stack: Stack) -> None:
    for of_type, name in (("aws:sqs/queue:Queue", "tasks-queue"), ("aws:pipes/pipe:Pipe", "tasks-pipe-pipe")):
        assert changing.one(of_type, name) == stack.one(of_type, name)


def test_during_a_change_the_pipes_of_the_new_lanes_are_created_stopped(changing: Stack) -> None:
    pipes = {one.inputs["name"]: one for one in changing.all("aws:pipes/pipe:Pipe")}
    assert {name for name, one in pipes.items() if one.inputs.get("desiredState") == "STOPPED"} == set(PIPES)
    assert all("desiredState" in one.ignored_changes for one in pipes.values()), "afterwards the breaker has them"


def test_during_a_change_senders_know_both_generations_and_the_moment(changing: Stack) -> None:
    for name in ("validator", "redrive"):
        given = variables(changing, name)
        assert given["QUEUE_URL"].split(",") == [f"{QUEUES}/{pipe.removesuffix('-pipe')}.fifo" for pipe in PIPES]
        assert (given["QUEUE_URLS_BEFORE"], given["LANES_FROM"]) == (f"{QUEUES}/taskline-dev-tasks.fifo", FROM)
        assert len(allowed(changing, name, "sqs:SendMessage")) == 4


def test_during_a_change_the_breaker_sees_when_the_old_queues_are_empty(changing: Stack) -> None:
    given = variables(changing, "breaker")
    assert (given["PIPE_NAME"].split(","), given["PIPE_NAMES_BEFORE"]) == (PIPES, "taskline-dev-tasks-pipe")
    assert (given["LANE_GENERATION"], given["LANES_FROM"]) == ("1", FROM)
    assert given["QUEUE_URLS_BEFORE"] == f"{QUEUES}/taskline-dev-tasks.fifo"
    assert allowed(changing, "breaker", "sqs:GetQueueAttributes") == {arn("sqs", "taskline-dev-tasks.fifo")}
    assert len(allowed(changing, "breaker", "pipes:StartPipe")) == 4


def test_during_a_change_the_old_lanes_are_watched_too(changing: Stack) -> None:
    made = names(changing, "aws:cloudwatch/metricAlarm:MetricAlarm")
    assert {"queue-age", "queue-age-2", "queue-age-3", "queue-age-before-1"} <= made


def test_after_a_change_only_the_new_lanes_are_left(layer: Path) -> None:
    after = run("dev", layer, lanes=3, laneGeneration=1)
    assert {one.inputs["name"] for one in after.all("aws:pipes/pipe:Pipe")} == set(PIPES)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (CHANGE | {"laneGeneration": 0}, "one more than it was"),
        (CHANGE | {"lanesFrom": ""}, "a moment after this deployment"),
        (CHANGE | {"lanesBefore": 0}, "how many lanes there were"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(layer: Path, config: dict[str, Any], said: str) -> None:
    recording = Recording()
    with pytest.raises(SettingsError, match=said):
        run("dev", layer, into=recording, **config)
    assert recording.resources == []


# What the engine asks before it updates a function that sends

OLD = Lanes(queues=("old",))
NEW = Lanes(queues=("new-1", "new-2"), before=("old",), since=NOW + LEAD + 2 * QUIET)
DONE = Lanes(queues=("new-1", "new-2"))


def test_a_change_that_is_announced_in_time_may_be_deployed() -> None:
    check_change(OLD, NEW, NOW)


def test_a_change_that_begins_before_the_deployment_ends_is_refused() -> None:
    with pytest.raises(SettingsError, match="too early") as caught:
        check_change(OLD, NEW, NOW + 3 * QUIET)
    assert lane_changes.STOPPED in str(caught.value)


def test_lanes_that_change_without_a_moment_are_refused() -> None:
    for old, new in ((OLD, DONE), (OLD, Lanes(queues=("old", "another"))), (DONE, OLD)):
        with pytest.raises(SettingsError, match="without lanesBefore and lanesFrom"):
            check_change(old, new, NOW)


def test_the_old_lanes_may_be_removed_only_after_the_change() -> None:
    assert NEW.since is not None
    with pytest.raises(SettingsError):
        check_change(NEW, DONE, NEW.since - QUIET)
    check_change(NEW, DONE, NEW.since + timedelta(hours=1))


def test_a_change_can_be_called_off_as_long_as_it_is_far_enough_away() -> None:
    check_change(NEW, OLD, NOW)
    with pytest.raises(SettingsError, match="overtaken"):
        check_change(NEW, OLD, NOW + 3 * QUIET)


def test_a_second_change_before_the_first_is_finished_is_refused() -> None:
    back = Lanes(queues=("old-again",), before=NEW.queues, since=NOW + timedelta(days=2))
    with pytest.raises(SettingsError, match="before the last change is finished"):
        check_change(NEW, back, NOW + timedelta(days=1))
    check_change(DONE, replace(back, before=DONE.queues), NOW + timedelta(days=1))


def test_the_same_lanes_may_always_be_deployed_again() -> None:
    check_change(NEW, NEW, NOW + LEAD)


def tell(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> None:
    """Call the hook as the engine does, which knows that one of the variables is a secret."""

    def inputs(known: Mapping[str, Any] | None) -> dict[str, Any]:
        return {"environment": pulumi.Output.secret({"variables": known})} if known is not None else {}

    async def ask() -> None:
        args = pulumi.ResourceHookArgs(
            "urn", "id", "validator", "aws:lambda/function:Function", inputs(new), inputs(old)
        )
        await lane_changes.refuse_unsafe_change(args)

    asyncio.run(ask())


def test_the_engine_is_told_before_it_updates_a_function(monkeypatch: pytest.MonkeyPatch) -> None:
    update = {"QUEUE_URL": "a", "ID_SECRET": "secret"}, {"QUEUE_URL": "b", "ID_SECRET": "unknown"}
    with pytest.raises(SettingsError, match="without lanesBefore"):
        tell(*update)
    monkeypatch.setenv(lane_changes.STOPPED, "1")
    tell(*update)


def test_a_function_without_lanes_is_updated() -> None:
    tell(None, {"QUEUE_URL": "a"})
    tell({}, {"QUEUE_URL": "a"})


def test_no_sender_sends_for_longer_than_the_old_queues_have_to_be_empty() -> None:
    """A message may arrive this much later than its sender looked at the clock; and SQS's counts lag by a minute."""
    from functions.tasks.breaker.handover import EMPTY_FOR

    assert timedelta(seconds=FUNCTION_TIMEOUT_SECONDS) + timedelta(minutes=1) + QUIET < EMPTY_FOR
