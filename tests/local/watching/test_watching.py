"""What a stage shows of itself: the lines, the metrics and the names that a running edition really writes.

The saved queries are run over its logs, the dashboard is compared with its metrics, its outputs are found by its name.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pytest

from functions.tasks.errors import ErrorClass
from infrastructure.api.access_log import line_format
from taskline import links
from tests.infrastructure.recording import run
from tests.infrastructure.watch import insights
from tests.infrastructure.watch.insights import OWN, Row
from tests.local.laptop import SHORT_TIMES, Laptop, eventually

pytestmark = [pytest.mark.check, pytest.mark.nightly]

SECRET = "hunter2-hunter2"
REQUEST_GROUP = "/aws/apigateway/taskline-dev-api-access"  # of which the laptop's gateway writes none
Queries = Mapping[str, Mapping[str, Any]]


class Busy(NamedTuple):
    """An edition in which everything has happened that the queries are about, with the tasks that it happened to."""

    laptop: Laptop
    succeeded: str
    slow: str
    failed: dict[str, str]
    redriven: str
    cancelled: str

    def rows(self, groups: list[str]) -> list[Row]:
        """All lines of these log groups."""
        logs = self.laptop.clients.get("logs")
        found = [insights.row(line_format(firewall=False), 0)] if REQUEST_GROUP in groups else []
        for group in sorted(set(groups) - {REQUEST_GROUP}):
            pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
            lines = (line for page in pages for line in page["events"])
            found += [insights.row(line["message"], line["timestamp"], group) for line in lines]
        return found

    def ask(self, query: Mapping[str, Any], placeholder: str = "", value: str = "") -> list[Row]:
        text = links.about(query["queryString"], placeholder, value) if placeholder else query["queryString"]
        return insights.parse(text).run(self.rows(query["logGroupNames"]))


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Busy]:
    config = {**SHORT_TIMES, "taskline:executionDataSampling": "0"}
    laptop = Laptop(tmp_path_factory.mktemp("watching") / "state", config=config)
    laptop.start()
    try:
        yield _make_busy(laptop)
    finally:
        laptop.ensure_stopped()


def _make_busy(laptop: Laptop) -> Busy:
    _switch(laptop, "open")
    eventually(lambda: "pipe stopped" in laptop.output)
    cancelled = laptop.post(type="demo.echo")
    assert laptop.request("DELETE", f"/v1/tasks/{cancelled}").status == 200
    _switch(laptop, "closed")
    slow = laptop.post(type="demo.slow", ordering_key="k", data={"milliseconds": 1500})
    succeeded = laptop.post(type="demo.echo", ordering_key="other", data={"password": SECRET})
    again = json.dumps({"title": "t", "description": "d", "priority": "low"}).encode()
    for _ in range(2):
        laptop.request("POST", "/v1/tasks", again, Content_Type="application/json", Idempotency_Key="the-same")
    laptop.request("POST", "/v1/tasks", b"{}", Content_Type="application/json")
    failed = {
        one.value: laptop.post(
            type="demo.flaky", ordering_key=one.value, data={"probability": 1, "error_class": one.value}
        )
        for one in ErrorClass
    }
    for task_id in (succeeded, slow, *failed.values()):
        laptop.finished(task_id, seconds=60)
    redriven = failed["VALIDATION"]
    laptop.request("POST", f"/v1/tasks/{redriven}/redrive", b"{}", Content_Type="application/json")
    eventually(lambda: laptop.read(redriven)["status"] == "failed")
    queue = laptop.outputs["queue_url"]
    laptop.clients.sqs.delete_queue(QueueUrl=queue)
    eventually(lambda: laptop.request("POST", "/v1/tasks", again, Content_Type="application/json").status == 503)
    busy = Busy(laptop, succeeded, slow, failed, redriven, cancelled)
    eventually(lambda: _has(busy, "validator", '"unavailable"') and _has(busy, "breaker", '"breaker closed"'))
    eventually(lambda: len(_lines(busy, "events", "task ended")) >= len(failed) + 1)
    return busy


def _switch(laptop: Laptop, state: str) -> None:
    body = json.dumps({"state": state, "reason": "a test"}).encode()
    assert laptop.request("PUT", "/v1/breaker", body, Content_Type="application/json").status == 200


def _has(busy: Busy, function: str, text: str) -> bool:
    return any(text in one["@message"] for one in busy.rows([f"/aws/lambda/taskline-dev-{function}"]))


def _lines(busy: Busy, function: str, message: str) -> list[Row]:
    rows = busy.rows([f"/aws/lambda/taskline-dev-{function}"])
    return [one for one in rows if one.get("message") == message]


@pytest.fixture(scope="module")
def queries(tmp_path_factory: pytest.TempPathFactory) -> Queries:
    """The saved queries of the stage, as the program declares them: the emulator keeps none."""
    layer = tmp_path_factory.mktemp("layer") / "layer.zip"
    with zipfile.ZipFile(layer, "w") as archive:
        archive.writestr("python/nothing.py", "")
    declared = run("dev", layer).all("aws:cloudwatch/queryDefinition:QueryDefinition")
    return {one.inputs["name"].removeprefix("taskline-dev/"): one.inputs for one in declared}


def test_every_field_that_a_query_names_is_in_the_lines_of_its_logs(busy: Busy, queries: Queries) -> None:
    assert len(queries) >= 10
    for name, query in queries.items():
        known = {field for one in busy.rows(query["logGroupNames"]) for field in one} | OWN
        missing = insights.parse(query["queryString"]).named - known
        assert missing == set(), f"{name} asks for what nobody writes"


def test_a_tasks_life_is_told_from_its_request_to_its_end(busy: Busy, queries: Queries) -> None:
    task = busy.failed["NETWORK"]
    found = busy.ask(queries["one-task"], links.TASK, task)
    assert [one["@timestamp"] for one in found] == sorted(one["@timestamp"] for one in found)
    said = [(one.get("service"), one.get("message")) for one in found if "message" in one]
    assert said[0] == ("validator", "accepted")
    assert said.count(("processor", "failed")) == 4
    assert said[-1] == ("events", "task ended")
    states = {one["details.name"] for one in found if "details.name" in one}
    assert {"CheckGate", "SendToDeadLetterQueue"} <= states, "its execution is among them"
    others = {*busy.failed.values(), busy.succeeded, busy.slow} - {task}
    assert not [one for one in found if any(other in one["@message"] for other in others)]


@pytest.mark.parametrize("which", ["redriven", "cancelled"])
def test_redrives_and_cancellations_belong_to_a_tasks_life(busy: Busy, queries: Queries, which: str) -> None:
    found = busy.ask(queries["one-task"], links.TASK, getattr(busy, which))
    assert which in [one.get("message") for one in found]


def test_an_execution_is_found_with_its_events_and_the_lines_of_its_runs(busy: Busy, queries: Queries) -> None:
    (ended,) = (one for one in _lines(busy, "events", "task ended") if one["task_id"] == busy.failed["NETWORK"])
    found = busy.ask(queries["one-execution"], links.EXECUTION, ended["execution"])
    kinds = [one["type"] for one in found if "execution_arn" in one]
    assert (kinds[0], kinds[-1]) == ("ExecutionStarted", "ExecutionSucceeded"), "a failed task is no failed execution"
    said = [one["message"] for one in found if one.get("message", "raised") != "raised"]  # with a traceback, in dev
    assert said == ["failed"] * 4 + ["task ended"]


def test_a_request_is_found_by_the_id_that_its_function_logs(busy: Busy, queries: Queries) -> None:
    (accepted,) = (one for one in _lines(busy, "validator", "accepted") if one["task_id"] == busy.slow)
    found = busy.ask(queries["one-request"], links.REQUEST, accepted["correlation_id"])
    assert accepted["@message"] in [one["@message"] for one in found]
    assert {one["service"] for one in found} == {"validator", "processor"}, "and the run of its task"


def test_the_slowest_task_comes_first_with_all_its_runs(busy: Busy, queries: Queries) -> None:
    found = busy.ask(queries["slowest-tasks"])
    assert (found[0]["task_id"], found[0]["type"], found[0]["outcome"]) == (busy.slow, "demo.slow", "succeeded")
    assert 1500 <= found[0]["running_ms"] < 30_000
    runs = {one["task_id"]: one["runs"] for one in found}
    assert (runs[busy.failed["NETWORK"]], runs[busy.failed["UNKNOWN"]], runs[busy.succeeded]) == (4, 2, 1)


def test_failures_are_counted_by_class_and_type(busy: Busy, queries: Queries) -> None:
    found = {one["error_class"]: one for one in busy.ask(queries["failures-by-class"])}
    assert set(found) == set(busy.failed)
    assert all(one["type"] == "demo.flaky" and one["tasks"] == 1 for one in found.values())
    assert found["RATE_LIMIT"]["latest_task"] == busy.failed["RATE_LIMIT"]


def test_failed_tasks_are_shown_with_their_data_and_no_other_task_is(busy: Busy, queries: Queries) -> None:
    found = busy.ask(queries["failed-tasks"])
    assert {one["task_id"] for one in found} == set(busy.failed.values())
    for one in found:
        assert json.loads(one["data"])["data"]["error_class"] == one["error.class"]
    assert busy.succeeded not in {one["task_id"] for one in _lines(busy, "events", "task ended")}, "the share is 0"


def test_no_function_logs_a_secret(busy: Busy) -> None:
    functions = [f"/aws/lambda/{name}" for name in busy.laptop.outputs["function_names"]]
    assert not [one["@message"] for one in busy.rows(functions) if SECRET in one["@message"]]


def test_refused_requests_and_errors_are_counted(busy: Busy, queries: Queries) -> None:
    refused = busy.ask(queries["refused-requests"])
    assert ("validator", 400, "title") in {(one["service"], one["status"], one["fields.0"]) for one in refused}
    errors = {one["message"]: one for one in busy.ask(queries["errors"])}
    assert errors["unavailable"]["exception"] == "Unavailable"
    assert errors["unavailable"]["service"] == "validator"


# The dashboard


def test_the_dashboard_is_there_under_the_name_of_the_stage(busy: Busy) -> None:
    assert json.loads(_dashboard(busy))["widgets"]
    assert busy.laptop.outputs["dashboard_url"].endswith("/taskline-dev")


def _dashboard(busy: Busy) -> str:
    return busy.laptop.clients.cloudwatch.get_dashboard(DashboardName="taskline-dev")["DashboardBody"]


def test_every_metric_of_our_own_on_the_dashboard_is_one_that_a_function_emits(busy: Busy) -> None:
    rows = [
        row
        for widget in json.loads(_dashboard(busy))["widgets"]
        for row in widget["properties"].get("metrics", [])
        if isinstance(row[0], dict) or row[0] == "taskline-dev"
    ]
    assert len(rows) > 15
    eventually(lambda: all(_emitted(busy, row) for row in rows), seconds=90)  # metrics are put once a minute


_SEARCH = re.compile(r"SEARCH\('\{(?P<schema>[^}]*)\} (?P<terms>[^']*)', '\w+', \d+\)")


def _emitted(busy: Busy, row: list[Any]) -> bool:
    """Whether CloudWatch has a metric with exactly this name, these dimensions, and the values that are given."""
    if isinstance(row[0], dict):
        found = _SEARCH.search(row[0]["expression"])
        assert found, row
        namespace, *schema = re.findall('"([^"]*)"', found["schema"])
        given = dict(re.findall('"([^"]*)"="([^"]*)"', found["terms"]))
        name = given.pop("MetricName")
    else:
        (namespace, name, *pairs), _ = row[:-1], row[-1]
        given = dict(zip(pairs[::2], pairs[1::2], strict=True))
        schema = list(given)
    metrics = busy.laptop.clients.cloudwatch.list_metrics(Namespace=namespace, MetricName=name)["Metrics"]
    made = [{one["Name"]: one["Value"] for one in metric["Dimensions"]} for metric in metrics]
    return any(set(one) == set(schema) and given.items() <= one.items() for one in made)


# The stage by its name


def test_a_stage_is_found_by_its_name(busy: Busy) -> None:
    ssm = busy.laptop.clients.get("ssm")
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path="/taskline/dev/")
    found = {one["Name"].rpartition("/")[2]: one["Value"] for page in pages for one in page["Parameters"]}
    outputs = busy.laptop.outputs
    assert found.keys() == outputs.keys()
    assert {name: text if isinstance(outputs[name], str) else json.loads(text) for name, text in found.items()} == (
        outputs
    )
