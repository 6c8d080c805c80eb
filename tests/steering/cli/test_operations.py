"""`dead-letters`, `keys`, `breaker` and `stats`."""

import json
from typing import Any

import httpx
import pytest

from tests.steering.cli.fake_api import BREAKER, LATER, NOW, Api, Cli, problem, summary, task


def letter(task_id: str, error_class: str = "NETWORK", key: str = "k1", **more: Any) -> dict[str, Any]:
    found = {"task_id": task_id, "ordering_key": key, "type": "demo.flaky", "redrives": 1, "failed_at": NOW}
    return {**found, "error_class": error_class, **more}


class Redrive:
    """The API's route: so many tasks a step, with continuations; those that were redriven are gone."""

    def __init__(self, api: Api, *letters: dict[str, Any], step: int = 2, busy: tuple[str, ...] = ()) -> None:
        self.letters = list(letters)
        self.step = step
        self.busy = busy
        self.malformed = [{"message_id": "m1", "reason": "is not JSON"}]
        self.asked: list[dict[str, Any]] = []
        api.on("POST", "/redrive", self)

    def __call__(self, request: httpx.Request) -> Any:
        asked = json.loads(request.content)
        self.asked.append(asked)
        start = int(asked.get("continuation", 0))
        found = [one for one in self.letters if asked.get("error_class") in (None, one["error_class"])]
        more = {"continuation": f"{start + self.step}"} if start + self.step < len(found) else {}
        report = {"dry_run": asked["dry_run"], "tasks": found[start : start + self.step], "malformed": self.malformed}
        return {**report, "dead_letters_removed": 0, "busy_keys": list(self.busy), **more}

    @property
    def redriven(self) -> int:
        return sum(not asked["dry_run"] for asked in self.asked)


def test_dead_letters_are_listed_over_all_steps(cli: Cli, api: Api) -> None:
    Redrive(api, *(letter(f"t{number}") for number in range(5)))
    document = cli.json("dead-letters", "list")
    assert [one["task_id"] for one in document["tasks"]] == ["t0", "t1", "t2", "t3", "t4"]
    assert document["malformed"] == [{"message_id": "m1", "reason": "is not JSON"}]
    assert not document["more"]
    done = cli("dead-letters", "list")
    assert done.stdout.splitlines()[1].split("\t")[:4] == ["t0", "demo.flaky", "k1", "NETWORK"]
    assert "Message m1 is no task: is not JSON" in done.stderr


def test_a_limited_list_says_that_there_are_more(cli: Cli, api: Api) -> None:
    Redrive(api, *(letter(f"t{number}") for number in range(5)))
    assert cli.json("dead-letters", "list", "--limit", "3")["more"]
    assert "more than 3" in cli("dead-letters", "list", "--limit", "3").stderr


def test_groups_have_counts_keys_times_and_samples(cli: Cli, api: Api) -> None:
    letters = [letter(f"t{number}", key=f"k{number % 2}") for number in range(4)]
    Redrive(api, *letters, letter("t9", "SYSTEM", failed_at=LATER))
    (first, second) = cli.json("dead-letters", "list", "--groups")["groups"]
    assert (first["error_class"], first["tasks"], first["keys"], first["samples"]) == (
        "NETWORK",
        4,
        2,
        ["t0", "t1", "t2"],
    )
    assert (second["error_class"], second["first_failed_at"]) == ("SYSTEM", LATER)


def test_filters_are_sent_and_a_time_may_be_how_long_ago(cli: Cli, api: Api) -> None:
    route = Redrive(api)
    cli("dead-letters", "list", "--error-class", "NETWORK", "--type", "demo.flaky", "--key", "k", "--from", "2h")
    asked = route.asked[-1]
    assert (asked["error_class"], asked["type"], asked["ordering_key"]) == ("NETWORK", "demo.flaky", "k")
    assert asked["failed_from"].endswith("+00:00")
    assert asked["dry_run"] is True
    assert cli("dead-letters", "list", "--from", "yesterday").exit_code == 2
    assert cli("dead-letters", "list", "--error-class", "ODD").exit_code == 2


def test_show_names_the_command_that_redrives(cli: Cli, api: Api) -> None:
    api.on("GET", "/operations/tasks/t1", task(status="failed"))
    done = cli("dead-letters", "show", "t1")
    assert "the bank is down" in done.stdout
    assert "taskline dead-letters redrive t1" in done.stderr


def test_a_redrive_without_tasks_or_filters_is_refused(cli: Cli, api: Api) -> None:
    route = Redrive(api, letter("t1"))
    assert cli("dead-letters", "redrive", "--yes").exit_code == 2
    assert route.asked == [], "a filter that got lost must not mean everything"


def test_a_dry_run_shows_and_changes_nothing(cli: Cli, api: Api) -> None:
    route = Redrive(api, *(letter(f"t{number}") for number in range(3)))
    done = cli("dead-letters", "redrive", "--error-class", "NETWORK", "--dry-run")
    assert done.exit_code == 0
    assert "error class NETWORK: 3 tasks of 1 key. Each key keeps its order." in done.stderr
    assert cli.json("dead-letters", "redrive", "--all", "--dry-run")["dry_run"] is True
    assert route.redriven == 0


def test_without_a_terminal_nobody_is_asked_and_the_flag_is_named(cli: Cli, api: Api) -> None:
    route = Redrive(api, letter("t1"))
    failure = cli.json("dead-letters", "redrive", "--all", code=2)["error"]
    assert "--yes" in failure["remedy"]
    assert route.redriven == 0


def test_a_redrive_follows_its_continuation_to_the_end(cli: Cli, api: Api) -> None:
    route = Redrive(api, *(letter(f"t{number}", key=f"k{number}") for number in range(5)))
    assert (
        cli("dead-letters", "redrive", "--error-class", "NETWORK", "--yes").stdout == "5 tasks redriven, of 5 keys.\n"
    )
    assert route.redriven == 3
    assert all(asked["error_class"] == "NETWORK" for asked in route.asked), "the filter is never lost"
    assert len(cli.json("dead-letters", "redrive", "--all", "--yes")["tasks"]) == 5


def test_keys_that_were_left_alone_are_5(cli: Cli, api: Api) -> None:
    Redrive(api, letter("t1"), busy=("k7",))
    done = cli("dead-letters", "redrive", "--all", "--yes")
    assert done.exit_code == 5
    assert "k7" in done.stderr


def test_nothing_to_redrive_is_no_failure_and_asks_nobody(cli: Cli, api: Api) -> None:
    Redrive(api)
    assert cli.json("dead-letters", "redrive", "--all")["tasks"] == []


def test_single_tasks_are_redriven_by_their_ids(cli: Cli, api: Api) -> None:
    api.on("GET", "/operations/tasks/t1", task(status="failed"))
    api.on("POST", "/tasks/t1/redrive", {"dry_run": False, "tasks": [letter("t1")]})
    assert cli("dead-letters", "redrive", "t1", "--dry-run").stdout == "t1 would be redriven.\n"
    assert cli("dead-letters", "redrive", "t1").stdout == "t1 is redriven.\n"


def test_a_task_that_has_not_failed_is_not_redriven(cli: Cli, api: Api) -> None:
    api.on("GET", "/operations/tasks/t1", task(status="succeeded"))
    assert cli("dead-letters", "redrive", "t1").exit_code == 3


# Keys


def open_tasks(api: Api, processing: list[Any], queued: list[Any]) -> None:
    by_status = {"processing": processing, "queued": queued}
    api.on("GET", "/tasks", lambda request: {"tasks": by_status.get(request.url.params["status"], [])})


def test_keys_are_listed_by_the_age_of_their_head(cli: Cli, api: Api) -> None:
    running = summary("t3", "processing", ordering_key="b", created_at="2026-11-27T12:00:05.000Z")
    waiting = [
        summary("t5", "queued", ordering_key="b", created_at="2026-11-27T12:00:09.000Z"),
        summary("t2", "queued", ordering_key="a", created_at="2026-11-27T12:00:02.000Z"),
        summary("t1", "queued", ordering_key="a", created_at="2026-11-27T12:00:01.000Z"),
    ]
    open_tasks(api, [running], waiting)
    first, second = cli.json("keys")["keys"]
    assert (first["ordering_key"], first["head"], first["waiting"], first["running"]) == ("a", "t1", 2, None)
    assert (second["ordering_key"], second["head"], second["waiting"], second["running"]) == ("b", "t3", 1, "t3")


def test_a_key_shows_its_lane_in_the_order_in_which_it_runs(cli: Cli, api: Api) -> None:
    waiting = [summary("t3", "queued", created_at=LATER), summary("t2", "queued", created_at=NOW)]
    open_tasks(api, [summary("t1", "processing", created_at=LATER)], waiting)
    assert [one["task_id"] for one in cli.json("keys", "customer-42")] == ["t1", "t2", "t3"]
    assert all(one.url.params["ordering_key"] == "customer-42" for one in api.requests)


def test_keys_say_when_not_everything_was_looked_at(cli: Cli, api: Api) -> None:
    open_tasks(api, [], [summary(f"t{number}", "queued") for number in range(5)])
    document = cli.json("keys", "--limit", "3")
    assert (document["complete"], document["keys"][0]["waiting"]) == (False, 3)
    assert "newest 3" in cli("keys", "--limit", "3").stderr


# The breaker


def test_the_breaker_shows_state_reason_and_pipe(cli: Cli, api: Api) -> None:
    pipe = {"current_state": "STOPPING", "desired_state": "STOPPED", "state_reason": ""}
    api.on("GET", "/breaker", {**BREAKER, "state": "open", "reason": "the bank is down", "pipe": pipe})
    fields = dict(line.split("\t") for line in cli("breaker", "status").stdout.splitlines())
    assert fields["meaning"] == "nothing runs, tasks wait in order"
    assert fields["pipe"] == "STOPPING, will be STOPPED"
    assert cli.json("breaker", "status")["reason"] == "the bank is down"


def test_the_breaker_says_how_many_lanes_there_are_and_wait(cli: Cli, api: Api) -> None:
    running = {"current_state": "RUNNING", "desired_state": "RUNNING", "state_reason": "", "stopped": False}
    pipes = [{"name": name, "waits": name != "old", **running} for name in ("new-1", "new-2", "old")]
    api.on("GET", "/breaker", {**BREAKER, "pipes": pipes})
    fields = dict(line.split("\t") for line in cli("breaker", "status").stdout.splitlines())
    assert fields["lanes"] == "3, 2 wait until the lanes before are empty"
    api.on("GET", "/breaker", {**BREAKER, "pipes": pipes[2:]})
    assert "lanes" not in cli("breaker", "status").stdout


def test_a_pipe_that_somebody_else_stopped_is_a_warning(cli: Cli, api: Api) -> None:
    api.on("GET", "/breaker", {**BREAKER, "pipe_stopped": True})
    assert "not by the breaker" in cli("breaker", "status").stderr


def test_opening_the_breaker_takes_a_reason_and_a_yes(cli: Cli, api: Api) -> None:
    api.on("PUT", "/breaker", {**BREAKER, "state": "open"})
    assert cli("breaker", "open", "--yes").exit_code == 2
    assert "--yes" in cli.json("breaker", "open", "--reason", "x", code=2)["error"]["remedy"]
    assert api.bodies("PUT") == []
    assert cli("breaker", "open", "--reason", "the bank is down", "--yes").exit_code == 0
    assert cli("breaker", "close", "--reason", "it is back").exit_code == 0
    assert api.bodies("PUT") == [
        {"state": "open", "reason": "the bank is down"},
        {"state": "closed", "reason": "it is back"},
    ]


# Counts

STATS = {
    "by_status": {"queued": 1, "processing": 0, "succeeded": 7, "failed": 2, "cancelled": 0},
    "by_type": {"demo.echo": {"queued": 1, "processing": 0, "succeeded": 7, "failed": 2, "cancelled": 0}},
    "last_minute": {"accepted": 3, "succeeded": 2, "failed": 0, "cancelled": 0},
    "as_of": NOW,
}


def test_stats_are_a_line_for_all_and_for_each_type(cli: Cli, api: Api) -> None:
    api.on("GET", "/stats", STATS)
    assert cli("stats").stdout.splitlines() == [
        "type\tqueued\tparked\tprocessing\tsucceeded\tfailed\tcancelled",
        "all\t1\t0\t0\t7\t2\t0",
        "demo.echo\t1\t0\t0\t7\t2\t0",
    ]
    assert cli.json("stats", "--key", "k", "--batch", "b") == STATS
    assert dict(api.requests[-1].url.params) == {"ordering_key": "k", "batch_id": "b"}


@pytest.mark.parametrize("status", [404, 503])
def test_a_stage_without_counts_says_so(cli: Cli, api: Api, status: int) -> None:
    api.on("GET", "/stats", problem(status, "No counts"))
    assert cli("stats").exit_code in (1, 3)


# Gates

CLOSED = {"key": "k1", "state": "closed", "cause": "failed", "head": "a-task", "parked": 3, "since": NOW}


def test_closed_keys_are_a_line_each_over_all_pages(cli: Cli, api: Api) -> None:
    def page(request: httpx.Request) -> dict[str, Any]:
        if "cursor" in request.url.params:
            return {"keys": [{**CLOSED, "key": "k2", "cause": "held", "tenant": "key:abc"}]}
        return {"keys": [CLOSED], "cursor": "c"}

    api.on("GET", "/keys", page)
    rows = [line.split("\t") for line in cli("gates", "list").stdout.splitlines()]
    assert [row[:5] for row in rows[1:]] == [
        ["k1", "", "failed", "a-task", "3"],
        ["k2", "key:abc", "held", "a-task", "3"],
    ]
    assert [key["key"] for key in cli.json("gates", "list")["keys"]] == ["k1", "k2"]
    assert len(cli.json("gates", "list", "--limit", "1")["keys"]) == 1


def test_a_key_says_why_it_is_closed(cli: Cli, api: Api) -> None:
    api.on("GET", "/keys/k1", CLOSED)
    fields = dict(line.split("\t") for line in cli("gates", "show", "k1").stdout.splitlines())
    assert (fields["state"], fields["meaning"]) == (
        "closed",
        "its head has failed, and has to succeed or to be skipped",
    )
    api.on("GET", "/keys/k1", {"key": "k1", "state": "open"})
    assert "tasks run" in cli("gates", "show", "k1").stdout


def test_a_key_is_closed_and_opened_with_a_reason(cli: Cli, api: Api) -> None:
    held = {**CLOSED, "cause": "held", "head": None}
    api.on("PUT", "/keys/k1", held)
    api.on("GET", "/keys/k1", {name: value for name, value in held.items() if value is not None})
    assert cli("gates", "close", "k1", "--reason", "being migrated", "--tenant", "key:abc").exit_code == 0
    assert dict(api.requests[-1].url.params) == {"tenant": "key:abc"}
    assert cli("gates", "open", "k1", "--reason", "done").exit_code == 0
    assert api.bodies("PUT") == [{"state": "closed", "reason": "being migrated"}, {"state": "open", "reason": "done"}]


def test_a_failed_head_is_skipped_only_by_name_or_with_a_yes(cli: Cli, api: Api) -> None:
    api.on("GET", "/keys/k1", CLOSED)
    api.on("PUT", "/keys/k1", {"key": "k1", "state": "open"})
    refused = cli.json("gates", "open", "k1", "--reason", "x", code=2)["error"]
    assert "taskline redrive a-task" in refused["remedy"]
    assert api.bodies("PUT") == []
    assert cli("gates", "open", "k1", "--reason", "x", "--skip", "a-task").exit_code == 0
    assert cli("gates", "open", "k1", "--reason", "x", "--yes").exit_code == 0
    assert api.bodies("PUT") == [{"state": "open", "reason": "x", "head": "a-task"}] * 2
