"""The breaker's function on moto: alarms through SNS, ticks, and the API."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from functions import breaker
from functions.adapters.breaker import CloudWatchAttempts, DynamoDBBreakerStore, EventBridgePipe
from functions.tasks.breaker.states import NEW, Attempts
from functions.tasks.errors import Unavailable
from tests.functions.document.documented import assert_documented
from tests.functions.support import CONTEXT, EVENTS, ApiResponse, event, post

PIPE, TABLE = "taskline-test-tasks-pipe", "taskline-test-breaker"
ANNA = "arn:aws:iam::111122223333:user/anna"
VARIABLES = {
    "AWS_DEFAULT_REGION": "eu-west-1",
    "BREAKER_TABLE_NAME": TABLE,
    "BREAKER_ID": PIPE,
    "PIPE_NAME": PIPE,
    "PROCESSOR_SERVICE": "processor",
    "FAILURE_PERCENT": "50",
    "MINIMUM_ATTEMPTS": "2",
    "PERIOD_SECONDS": "60",
    "COOL_DOWN_SECONDS": "300",
    "PROBE_SECONDS": "60",
}


class Aws:
    """The pipe, the table and the metric that the function uses."""

    def __init__(self) -> None:
        self.pipes: Any = boto3.client("pipes")
        self.dynamodb: Any = boto3.client("dynamodb")
        self.cloudwatch: Any = boto3.client("cloudwatch")
        self.dynamodb.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.pipes.create_pipe(
            Name=PIPE,
            RoleArn="arn:aws:iam::111122223333:role/pipe",
            Source="arn:aws:sqs:eu-west-1:111122223333:tasks.fifo",
            Target="arn:aws:states:eu-west-1:111122223333:stateMachine:workflow",
        )

    @property
    def desired(self) -> str:
        return self.pipes.describe_pipe(Name=PIPE)["DesiredState"]

    def turn_back(self, seconds: int) -> None:
        """Make the breaker's current state that many seconds older."""
        since = datetime.now(UTC) - timedelta(seconds=seconds)
        self.dynamodb.update_item(
            TableName=TABLE,
            Key={"id": {"S": PIPE}},
            UpdateExpression="SET since = :since",
            ExpressionAttributeValues={":since": {"S": since.isoformat()}},
        )

    def measure(self, *values: float, service: str = "processor") -> None:
        dimensions = [{"Name": "service", "Value": service}]
        common = {"MetricName": "TransientFailure", "Dimensions": dimensions}
        moment = datetime.now(UTC) - timedelta(seconds=5)  # a query excludes the second of its end
        data = [common | {"Value": value, "Timestamp": moment} for value in values]
        self.cloudwatch.put_metric_data(Namespace="Taskline", MetricData=data)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        breaker.build.cache_clear()
        yield Aws()
    breaker.build.cache_clear()


def get() -> ApiResponse:
    response = _get()
    assert_documented(response, "GET", "/breaker")
    return response


def _get() -> ApiResponse:
    return ApiResponse.of(breaker.handler(event("get_health.json", resource="/breaker"), CONTEXT) or {})


def put(body: Any, caller: str | None = ANNA, **changes: Any) -> ApiResponse:
    request = post(body, resource="/breaker", httpMethod="PUT", **changes)
    request["requestContext"]["identity"]["userArn"] = caller
    response = ApiResponse.of(breaker.handler(request, CONTEXT) or {})
    assert_documented(response, "PUT", "/breaker")
    return response


def tick() -> None:
    assert breaker.handler(json.loads((EVENTS / "tick.json").read_text()), CONTEXT) is None


def alarm(at: datetime | None = None, state: str = "ALARM") -> None:
    sent = json.loads((EVENTS / "alarm_to_sns.json").read_text())
    message = json.loads(sent["Records"][0]["Sns"]["Message"])
    moment = (at or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    message |= {"StateChangeTime": moment, "NewStateValue": state}
    sent["Records"][0]["Sns"]["Message"] = json.dumps(message)
    assert breaker.handler(sent, CONTEXT) is None


def metrics(output: str) -> dict[str, float]:
    """The last value of each metric in the function's output."""
    values: dict[str, float] = {}
    for line in output.splitlines():
        document = json.loads(line)
        for directive in document.get("_aws", {}).get("CloudWatchMetrics", []):
            values |= {metric["Name"]: document[metric["Name"]][-1] for metric in directive["Metrics"]}
    return values


def test_a_breaker_that_has_never_changed_is_closed_since_null(aws: Aws) -> None:
    seen = get().document
    assert (seen["state"], seen["since"], seen["next_step_at"]) == ("closed", None, None)


def test_the_alarm_opens_the_breaker_and_the_tick_brings_it_back(aws: Aws) -> None:
    aws.measure(1, 1)
    alarm()
    seen = get().document
    assert (seen["state"], seen["by"], seen["manual"], aws.desired) == ("open", "alarm", False, "STOPPED")
    assert seen["reason"].startswith("2 of 2 attempts failed; taskline-test-breaker-trip: ")
    since, due = (datetime.fromisoformat(seen[name]) for name in ("since", "next_step_at"))
    assert due - since == timedelta(seconds=300), "clients see when the cool-down ends"
    tick()
    assert get().document["state"] == "open", "the cool-down is not over"
    aws.turn_back(300)
    tick()
    assert (get().document["state"], aws.desired) == ("half_open", "RUNNING")
    aws.measure(0, 0, 0)
    aws.turn_back(60)
    tick()
    seen = get().document
    assert (seen["state"], seen["reason"]) == ("closed", "2 of 5 attempts failed in the probe window")


def test_a_bad_probe_window_opens_it_again_however_few_attempts_there_were(aws: Aws) -> None:
    aws.measure(1, 1)
    alarm()
    aws.turn_back(300)
    tick()
    aws.measure(0)
    aws.measure(0, 0, 0, service="another-service")
    aws.turn_back(60)
    tick()
    assert (get().document["state"], aws.desired) == ("open", "STOPPED")


def test_an_alarm_that_the_runs_do_not_bear_out_opens_nothing(aws: Aws) -> None:
    aws.measure(1, *[0] * 100)
    aws.measure(*[1] * 10, service="another-service")
    alarm()
    assert (get().document["state"], aws.desired) == ("closed", "RUNNING")


def test_an_alarm_that_is_still_on_opens_it_with_the_next_tick(aws: Aws) -> None:
    """Alarms act only when they change: this one went off while the runs did not bear it out yet."""
    tick()
    aws.turn_back(120)
    aws.measure(1)
    alarm()
    aws.measure(1)
    tick()
    seen = get().document
    assert (seen["state"], seen["by"], aws.desired) == ("open", "alarm", "STOPPED")


def test_an_alarm_that_recovers_or_is_old_opens_nothing(aws: Aws) -> None:
    tick()
    aws.measure(1, 1)
    alarm(state="OK")
    alarm(at=datetime.now(UTC) - timedelta(hours=1))
    assert (get().document["state"], aws.desired) == ("closed", "RUNNING")


def test_the_message_that_cloudwatch_sends_is_understood(aws: Aws) -> None:
    aws.measure(1, 1)
    breaker.handler(json.loads((EVENTS / "alarm_to_sns.json").read_text()), CONTEXT)
    assert get().document["state"] == "open", "for a new breaker, no alarm is too old"


def test_an_operator_opens_and_closes_it(aws: Aws) -> None:
    response = put({"state": "open", "reason": " the bank is down "})
    assert response.status == 200
    assert (response.document["state"], response.document["reason"]) == ("open", "the bank is down")
    assert (response.document["by"], response.document["manual"]) == (ANNA, True)
    assert response.document["next_step_at"] is None, "it has to be closed manually"
    aws.turn_back(100_000)
    tick()
    assert get().document["state"] == "open"
    assert put({"state": "closed", "reason": "it is back"}, caller=None).document["by"] == "anonymous"
    assert aws.desired == "RUNNING"


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ("{", {"body"}),
        ([], {"body"}),
        ({}, {"state", "reason"}),
        ({"state": "half_open", "reason": "x"}, {"state"}),
        ({"state": "open", "reason": " "}, {"reason"}),
        ({"state": "open", "reason": "x" * 501}, {"reason"}),
        ({"state": "open", "reason": 1}, {"reason"}),
        ({"state": "open", "reason": "x", "by": "me"}, {"by"}),
    ],
)
def test_an_invalid_change_is_refused_by_field_and_changes_nothing(aws: Aws, body: Any, fields: set[str]) -> None:
    response = put(body)
    assert (response.status, response.fields) == (400, fields)
    assert (get().document["state"], aws.desired) == ("closed", "RUNNING")


def test_the_refusal_of_a_change_says_what_is_wrong(aws: Aws) -> None:
    refused = put({}).document
    assert (refused["title"], refused["detail"]) == (
        "Invalid change",
        "The breaker was not changed. See: state, reason.",
    )
    assert put('{"state": "open", "state": "closed"}').document["errors"] == [
        {"field": "body", "message": "has the key 'state' twice in one object"}
    ]


def test_a_body_that_is_not_json_is_refused(aws: Aws) -> None:
    assert put("state=open", headers={"Content-Type": "text/plain"}).status == 415


def test_a_missing_pipe_is_unavailable_to_clients_and_fails_the_tick(aws: Aws) -> None:
    aws.pipes.delete_pipe(Name=PIPE)
    assert get().status == 503
    with pytest.raises(Unavailable, match="the pipe"):
        tick()


def test_state_and_stopped_pipe_are_metrics(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    tick()
    assert metrics(capsys.readouterr().out).items() >= {"BreakerOpen": 0.0, "PipeStopped": 0.0}.items()
    put({"state": "open", "reason": "a test"})
    assert metrics(capsys.readouterr().out).items() >= {"BreakerOpen": 1.0, "PipeStopped": 0.0}.items()
    put({"state": "closed", "reason": "a test"})
    aws.pipes.stop_pipe(Name=PIPE)
    capsys.readouterr()
    tick()
    assert metrics(capsys.readouterr().out).items() >= {"BreakerOpen": 0.0, "PipeStopped": 1.0}.items()
    assert get().document["pipe_stopped"] is True
    assert aws.desired == "STOPPED", "reported, and not started against the operator's will"


def test_a_breaker_is_saved_only_over_the_version_that_was_read(aws: Aws) -> None:
    store = DynamoDBBreakerStore(TABLE, PIPE)
    assert store.load() is None
    assert store.save(NEW)
    first = store.load()
    assert first is not None
    assert first.version == 1
    assert store.save(first)
    assert not store.save(first), "another writer was faster"
    assert DynamoDBBreakerStore(TABLE, "another-pipe").load() is None


def test_a_pipe_in_the_middle_of_a_change_says_so() -> None:
    class Busy:
        class exceptions:  # noqa: N801 botocore's own name
            class ConflictException(Exception):
                pass

        def stop_pipe(self, **_: Any) -> Any:
            raise self.exceptions.ConflictException

        start_pipe = stop_pipe

    busy: Any = Busy()
    assert EventBridgePipe(PIPE, busy).stop() is False
    assert EventBridgePipe(PIPE, busy).start() is False


def test_attempts_are_those_of_the_window(aws: Aws) -> None:
    aws.measure(1, 0, 1)
    counter, now = CloudWatchAttempts("Taskline", "processor"), datetime.now(UTC)
    minute = timedelta(minutes=1)
    assert counter.between(now - minute, now + minute) == Attempts(count=3, failures=2)
    assert counter.between(now - 10 * minute, now - 5 * minute) == Attempts(count=0, failures=0)
