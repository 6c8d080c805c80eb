"""`doctor`: each thing that can be wrong is found, and its remedy named."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from tests.steering.cli.fake_api import BREAKER, NOW, Api, Cli, problem

OUTPUTS = {
    "api_url": "https://api.example.org/v1",
    "queue_url": "https://sqs/1/taskline-prod-tasks.fifo",
    "table_name": "taskline-prod-tasks",
    "pipe_name": "taskline-prod-tasks-pipe",
}


def pages(*contents: Any) -> Any:
    return lambda name: SimpleNamespace(paginate=lambda **_: iter(contents))


class Aws:
    """A stack as boto3 shows it; what is wrong with it is set by the tests."""

    def __init__(self) -> None:
        self.age: float | None = 3.0
        self.alarms: list[dict[str, Any]] = []
        self.who: Any = {"Arn": "arn:aws:iam::1:role/operator"}
        self.more: dict[str, str] = {}
        self.asked: list[str] = []

    def clients(self) -> dict[str, Any]:
        outputs = OUTPUTS | self.more
        parameters = [{"Name": f"/taskline/prod/{name}", "Value": value} for name, value in outputs.items()]
        points = [] if self.age is None else [{"Timestamp": 1, "Maximum": self.age}]
        attributes = {"ApproximateNumberOfMessages": "5", "ApproximateNumberOfMessagesNotVisible": "2"}
        return {
            "ssm": SimpleNamespace(
                get_paginator=pages({"Parameters": parameters}), meta=SimpleNamespace(region_name="eu-west-1")
            ),
            "sts": SimpleNamespace(get_caller_identity=self._identity),
            "sqs": SimpleNamespace(get_queue_attributes=lambda **given: self._queue(given, attributes)),
            "cloudwatch": SimpleNamespace(
                get_metric_statistics=lambda **_: {"Datapoints": points},
                get_paginator=pages({"MetricAlarms": self.alarms, "CompositeAlarms": []}),
            ),
        }

    def _queue(self, request: dict[str, Any], attributes: dict[str, str]) -> Any:
        self.asked.append(request["QueueUrl"])
        return {"Attributes": attributes}

    def _identity(self) -> Any:
        if isinstance(self.who, Exception):
            raise self.who
        return self.who


@pytest.fixture
def aws(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """A stage named `prod` that is found by its parameters, and credentials to sign with."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    return Aws()


def findings(cli: Cli, *arguments: str, code: int = 0, aws: Aws | None = None) -> dict[str, dict[str, str]]:
    if aws:
        cli.clients = aws.clients()
        arguments = (*arguments, "--stage", "prod")
    document = cli.json("doctor", *arguments, code=code)
    assert document["healthy"] is (code == 0)
    return {one["check"]: one for one in document["checks"]}


def test_a_stage_in_order_passes_every_check(cli: Cli, aws: Aws) -> None:
    found = findings(cli, aws=aws)
    assert {one["verdict"] for one in found.values()} == {"pass"}, found
    assert {"environment", "url", "tls", "clock", "key", "operator", "breaker", "pipe", "queue", "alarms"} <= set(
        found
    )
    assert found["credentials"]["detail"] == "arn:aws:iam::1:role/operator"
    assert "the oldest is 3.0 s old" in found["queue"]["detail"]


def test_an_address_alone_is_checked_as_far_as_that_goes(cli: Cli) -> None:
    found = findings(cli)
    assert found["url"]["verdict"] == "pass"
    assert {found[name]["verdict"] for name in ("credentials", "stack", "queue", "alarms")} == {"skip"}


def test_a_wrong_address_is_found_and_what_depends_on_it_is_skipped(cli: Cli, api: Api) -> None:
    api.error = httpx.ConnectError("Name or service not known")
    found = findings(cli, code=1)
    assert found["url"]["verdict"] == "fail"
    assert "Check the address" in found["url"]["remedy"]
    assert {found[name]["verdict"] for name in ("clock", "key", "breaker")} == {"skip"}


def test_another_server_at_the_address_is_found(cli: Cli, api: Api) -> None:
    for answer in (httpx.Response(200, text="<html>Hello"), httpx.Response(404, json={}), {"status": "up"}):
        api.on("GET", "/health", answer)
        found = findings(cli, code=1)
        assert "not as Taskline does" in found["url"]["detail"]
        assert "/v1" in found["url"]["remedy"]


def test_a_certificate_that_is_not_trusted_is_named(cli: Cli, api: Api) -> None:
    api.error = httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed")
    assert "SSL_CERT_FILE" in findings(cli, code=1)["url"]["remedy"]


def test_plain_http_to_another_machine_fails(cli: Cli) -> None:
    assert findings(cli, "--url", "http://api.example.org/v1", code=1)["tls"]["verdict"] == "fail"
    assert findings(cli, "--url", "http://127.0.0.1:4999/v1")["tls"]["verdict"] == "pass"


def test_a_clock_that_is_wrong_is_found(cli: Cli, api: Api) -> None:
    date = format_datetime(datetime.now(UTC) - timedelta(minutes=10), usegmt=True)
    api.on("GET", "/health", httpx.Response(200, json={"status": "healthy", "timestamp": NOW}, headers={"Date": date}))
    found = findings(cli, code=1)["clock"]
    assert "ahead" in found["detail"]
    assert "timedatectl" in found["remedy"]


@pytest.mark.parametrize(("key", "said"), [("wrong", "refuses the key"), ("", "wants a key, and none is set")])
def test_a_wrong_or_missing_key_is_found(cli: Cli, api: Api, key: str, said: str) -> None:
    api.on("GET", "/tasks", problem(403, "Forbidden"))
    cli.environ["TASKLINE_API_KEY"] = key
    found = findings(cli, code=1)["key"]
    assert said in found["detail"]
    assert "TASKLINE_API_KEY" in found["remedy"]


def test_a_caller_without_operators_rights_is_warned_and_told_about_signatures(cli: Cli, api: Api, aws: Aws) -> None:
    api.on("GET", "/breaker", problem(404, "Not found", "It requires an AWS signature."))
    found = findings(cli)
    assert found["operator"]["verdict"] == "warn"
    assert "perhaps the requests are not signed" in found["operator"]["detail"]
    assert found["breaker"]["verdict"] == "skip"
    api.on("GET", "/breaker", problem(403, "Forbidden"))
    assert "execute-api:Invoke" in findings(cli, aws=aws)["operator"]["remedy"]


def test_an_open_breaker_is_found_with_its_reason(cli: Cli, api: Api) -> None:
    pipe = {"current_state": "STOPPED", "desired_state": "STOPPED", "state_reason": ""}
    api.on("GET", "/breaker", {**BREAKER, "state": "open", "reason": "the bank is down", "manual": True, "pipe": pipe})
    found = findings(cli, code=1)
    assert "the bank is down" in found["breaker"]["detail"]
    assert "taskline breaker close" in found["breaker"]["remedy"]
    assert found["pipe"]["verdict"] == "warn", "it is the breaker's doing"


def test_a_breaker_on_trial_is_a_warning(cli: Cli, api: Api) -> None:
    api.on("GET", "/breaker", {**BREAKER, "state": "half_open"})
    assert findings(cli)["breaker"]["verdict"] == "warn"


def test_a_stopped_pipe_is_found_with_aws_reason_and_the_command(cli: Cli, api: Api, aws: Aws) -> None:
    pipe = {"current_state": "STOPPED", "desired_state": "STOPPED", "state_reason": "too many refusals"}
    api.on("GET", "/breaker", {**BREAKER, "pipe_stopped": True, "pipe": pipe})
    found = findings(cli, aws=aws, code=1)["pipe"]
    assert "too many refusals" in found["detail"]
    assert "aws pipes start-pipe --name taskline-prod-tasks-pipe" in found["remedy"]


LANES = {"now": ["tasks-g01-1of2", "tasks-g01-2of2"], "before": ["tasks"]}


def lanes(*, waiting: bool, stopped: str = "") -> list[dict[str, Any]]:
    """The pipes of two new lanes and an old one."""
    return [
        {
            "name": f"taskline-prod-{name}-pipe",
            "current_state": "RUNNING",
            "desired_state": "RUNNING",
            "state_reason": "",
            "waits": waiting and name != "tasks",
            "stopped": name == stopped,
        }
        for name in (*LANES["now"], *LANES["before"])
    ]


def test_the_tasks_of_all_lanes_are_added_up(cli: Cli, aws: Aws) -> None:
    aws.more = {
        "queue_url": "https://sqs/1/taskline-prod-tasks-g01-1of2.fifo",
        "pipe_name": "taskline-prod-tasks-g01-1of2-pipe",
        "lanes": json.dumps(LANES),
    }
    detail = findings(cli, aws=aws)["queue"]["detail"]
    assert detail.startswith("about 15 wait, 6 are being processed, in 3 lanes")
    assert aws.asked == [f"https://sqs/1/taskline-prod-{name}.fifo" for name in (*LANES["now"], *LANES["before"])]


def test_a_change_of_lanes_is_followed_to_its_end(cli: Cli, api: Api, aws: Aws) -> None:
    aws.more = {
        "queue_url": "https://sqs/1/taskline-prod-tasks-g01-1of2.fifo",
        "pipe_name": "taskline-prod-tasks-g01-1of2-pipe",
        "lanes": json.dumps(LANES),
    }
    api.on("GET", "/breaker", {**BREAKER, "pipes": lanes(waiting=True)})
    found = findings(cli, aws=aws)["pipe"]
    assert (found["verdict"], "2 new lanes will start" in found["detail"]) == ("warn", True)
    api.on("GET", "/breaker", {**BREAKER, "pipes": lanes(waiting=False)})
    found = findings(cli, aws=aws)["pipe"]
    assert (found["verdict"], "Set lanesBefore to 0" in found["remedy"]) == ("warn", True)
    aws.more["lanes"] = json.dumps(LANES | {"before": []})
    found = findings(cli, aws=aws)["pipe"]
    assert found["verdict"] == "pass"


def test_of_several_pipes_the_one_that_is_stopped_is_named(cli: Cli, api: Api, aws: Aws) -> None:
    pipe = {"current_state": "STOPPED", "desired_state": "STOPPED", "state_reason": ""}
    pipes = lanes(waiting=False, stopped="tasks-g01-2of2")
    api.on("GET", "/breaker", {**BREAKER, "pipe_stopped": True, "pipe": pipe, "pipes": pipes})
    found = findings(cli, aws=aws, code=1)["pipe"]
    assert "start-pipe --name taskline-prod-tasks-g01-2of2-pipe" in found["remedy"]


CLOSED = {"key": "k1", "state": "closed", "cause": "failed", "head": "a-task", "parked": 3, "since": NOW}


def test_halted_keys_are_named_and_how_to_open_them(cli: Cli, api: Api) -> None:
    held = {"key": "k2", "state": "closed", "cause": "held", "parked": 0, "since": NOW, "reason": "a migration"}
    open_by_themselves = [{**CLOSED, "key": f"k-{cause}", "cause": cause} for cause in ("draining", "running")]
    api.on("GET", "/keys", {"keys": [CLOSED, held, *open_by_themselves]})
    found = findings(cli)["keys"]
    assert (found["verdict"], found["detail"]) == ("warn", "2 keys halted, 3 tasks parked: k1, k2")
    assert "taskline gates list" in found["remedy"]


def test_of_many_halted_keys_a_few_are_named(cli: Cli, api: Api) -> None:
    api.on("GET", "/keys", {"keys": [{**CLOSED, "key": f"k{number}"} for number in range(7)]})
    assert findings(cli)["keys"]["detail"].endswith(": k0, k1, k2, k3, k4, ...")


def test_a_stage_of_a_release_without_gates_is_no_mistake(cli: Cli, api: Api) -> None:
    api.on("GET", "/keys", problem(404, "Not found"))
    assert findings(cli)["keys"]["verdict"] == "skip"
    api.on("GET", "/keys", problem(500, "Broken"))
    assert findings(cli, code=1)["keys"]["verdict"] == "fail"


def test_an_old_queue_is_a_warning(cli: Cli, aws: Aws) -> None:
    aws.age = 3600
    found = findings(cli, aws=aws)["queue"]
    assert found["verdict"] == "warn"
    assert "1 h old" in found["detail"]
    aws.age = None
    assert findings(cli, aws=aws)["queue"]["verdict"] == "pass"


def test_alarms_that_notify_somebody_are_named(cli: Cli, aws: Aws) -> None:
    aws.alarms = [
        {"AlarmName": "taskline-prod-dead-letters", "AlarmActions": ["arn:topic"]},
        {"AlarmName": "taskline-prod-no-executions", "AlarmActions": []},
    ]
    found = findings(cli, aws=aws)["alarms"]
    assert found["detail"] == "on: dead-letters"
    assert "runbook" in found["remedy"]


def test_credentials_that_aws_does_not_know_are_found_and_the_stack_is_not_asked(cli: Cli, aws: Aws) -> None:
    aws.who = RuntimeError("ExpiredToken")
    found = findings(cli, aws=aws, code=1)
    assert "ExpiredToken" in found["credentials"]["detail"]
    assert found["queue"]["verdict"] == "skip"


def test_a_stack_that_is_not_there_is_found(cli: Cli, aws: Aws) -> None:
    cli.clients = aws.clients()
    found = {one["check"]: one for one in cli.json("doctor", "--stage", "prd", code=1)["checks"]}
    assert "no stage prd in eu-west-1" in found["stage"]["detail"]


def test_an_api_of_another_version_is_a_warning(cli: Cli, api: Api) -> None:
    api.on("GET", "/openapi.json", {"info": {"version": "2"}})
    assert findings(cli)["version"]["verdict"] == "warn"


def test_one_check_that_breaks_does_not_hide_the_others(cli: Cli, api: Api) -> None:
    api.on("GET", "/openapi.json", problem(500, "Internal error"))
    found = findings(cli, code=1)
    assert found["version"]["verdict"] == "fail"
    assert found["pipe"]["verdict"] == "pass"


def test_in_a_pipe_each_line_is_verdict_check_detail_and_remedy(cli: Cli) -> None:
    lines = [line.split("\t") for line in cli("doctor").stdout.splitlines()]
    assert {line[0] for line in lines} <= {"pass", "warn", "fail", "skip"}
    assert all(len(line) == 4 for line in lines)
    assert json.loads(cli("doctor", "--json").stdout)["healthy"] is True
