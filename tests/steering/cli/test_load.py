"""`load`: tasks at a rate, and percentiles of what they took."""

import json
from collections import defaultdict
from typing import Any

import httpx
import pytest

from taskline.cli.loading.percentiles import percentiles
from tests.steering.cli.fake_api import Api, Cli, problem, summary, task


class Stage:
    """Accepts tasks; each has waited a second and run half a second, or is still queued."""

    def __init__(self, api: Api) -> None:
        self.by_key: dict[str, list[str]] = defaultdict(list)
        self.status = "succeeded"
        api.on("POST", "/tasks", self.accept)
        api.on("GET", "/tasks", self.list)

    def accept(self, request: httpx.Request) -> Any:
        key = json.loads(request.content)["ordering_key"]
        task_id = f"{key}-{len(self.by_key[key])}"
        self.by_key[key].append(task_id)
        return task(task_id, "queued", ordering_key=key)

    def list(self, request: httpx.Request) -> Any:
        times = {
            "created_at": "2026-11-27T12:00:00.000Z",
            "started_at": "2026-11-27T12:00:01.000Z",
            "finished_at": "2026-11-27T12:00:01.500Z",
        }
        return {
            "tasks": [summary(one, self.status) | times for one in self.by_key[request.url.params["ordering_key"]]]
        }


@pytest.fixture
def stage(api: Api) -> Stage:
    return Stage(api)


def test_load_submits_at_a_rate_over_keys_and_reads_the_times_from_the_records(cli: Cli, stage: Stage) -> None:
    document = cli.json("load", "--rate", "200", "--duration", "100ms", "--keys", "4", "--yes")
    assert sorted(map(len, stage.by_key.values())) == [5, 5, 5, 5]
    assert (document["accepted"], document["by_status"]) == (20, {"succeeded": 20})
    assert document["wait"] == {"count": 20, "p50": 1.0, "p95": 1.0, "p99": 1.0, "max": 1.0}
    assert document["run"]["p50"] == 0.5
    assert document["accept"]["count"] == 20


def test_load_is_refused_on_a_stage_without_yes(cli: Cli, stage: Stage) -> None:
    failure = cli.json("load", code=2)["error"]
    assert "no laptop edition" in failure["title"]
    assert stage.by_key == {}


def test_tasks_that_do_not_end_in_time_are_124(cli: Cli, stage: Stage) -> None:
    stage.status = "queued"
    command = ("load", "--rate", "100", "--duration", "50ms", "--settle", "1ms", "--yes")
    assert cli.json(*command, code=124)["unfinished"] == 5


def test_requests_that_fail_are_counted_and_1(cli: Cli, stage: Stage, api: Api) -> None:
    api.on("POST", "/tasks", problem(400, "Invalid task"))
    document = cli.json("load", "--rate", "100", "--duration", "50ms", "--yes", code=1)
    assert document["errors"] == {"ValidationFailed": 5}


def test_more_tasks_than_anybody_wants_are_refused(cli: Cli) -> None:
    assert "100,000 is the most" in cli.json("load", "--rate", "1000", "--duration", "1h", code=2)["error"]["title"]


def test_percentiles_are_values_that_were_measured() -> None:
    assert percentiles([]) == {"count": 0}
    assert percentiles([3.0]) == {"count": 1, "p50": 3.0, "p95": 3.0, "p99": 3.0, "max": 3.0}
    assert percentiles(float(one) for one in range(1, 101)) == {
        "count": 100,
        "p50": 50.0,
        "p95": 95.0,
        "p99": 99.0,
        "max": 100.0,
    }
