"""The failure monitor: each failure is counted once, and each pattern is reported once per window."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import pytest

from functions import monitor
from functions.adapters.patterns import CLAIM_FOR, DynamoDBPatternStore
from functions.adapters.topic import SNSAlerts
from functions.tasks.alerts.patterns import (
    ADVICE,
    Alert,
    Failure,
    Kind,
    Monitor,
    MonitorResult,
    Pattern,
    count_failures,
    parse_failure,
    to_alert,
)
from functions.tasks.errors import ErrorClass, Unavailable
from tests.functions.support import CONTEXT

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
WINDOW = timedelta(minutes=5)
TABLE = "taskline-test-failure-patterns"
KIND = Kind(type="default", error_class=ErrorClass.NETWORK)


@dataclass
class FakeAlerts:
    broken: bool = False
    sent: list[Alert] = field(default_factory=list[Alert])

    def send(self, alert: Alert) -> None:
        if self.broken:
            raise Unavailable("the topic of alerts did not respond")
        self.sent.append(alert)


@pytest.fixture
def dynamodb(aws_clients: Callable[[str], Any]) -> Iterator[Any]:
    client = aws_clients("dynamodb")
    client.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    yield client
    client.delete_table(TableName=TABLE)


@pytest.fixture
def rules(dynamodb: Any) -> Monitor:
    return Monitor(
        patterns=DynamoDBPatternStore(TABLE, dynamodb),
        alerts=FakeAlerts(),
        window=WINDOW,
        threshold=1,
        types={"default", "demo.echo"},
        now=lambda: NOON,
    )


def alerts(rules: Monitor) -> list[Alert]:
    assert isinstance(rules.alerts, FakeAlerts)
    return rules.alerts.sent


def a_failure(number: int, error_class: str = "NETWORK", task_type: str = "default", message: str = "no route") -> str:
    error = {"class": error_class, "type": "TaskError", "message": message}
    event = {"event_id": f"event-{number}", "task_id": f"task-{number}", "status": "failed", "type": task_type}
    return json.dumps(event | {"at": "2026-01-31T11:59:58.000Z", "error": error})


def send(rules: Monitor, *texts: str, now: datetime = NOON) -> MonitorResult:
    messages = [(f"message-{n}", text) for n, text in enumerate(texts)]
    return count_failures(messages, replace(rules, now=lambda: now))


def test_twenty_failures_of_one_pattern_are_one_alert(rules: Monitor) -> None:
    for start in (0, 10):
        assert send(rules, *(a_failure(n) for n in range(start, start + 10))).retry == ()
    (alert,) = alerts(rules)
    assert alert.subject == "Taskline: tasks of type default are failing with NETWORK"
    assert "10 tasks of type default failed with NETWORK since 2026-01-31T11:59:58.000Z." in alert.text, (
        "the whole batch is counted before the alert"
    )
    assert "For example: task-0, task-1, task-2, task-3, task-4\n" in alert.text
    assert ADVICE[ErrorClass.NETWORK] in alert.text
    assert 'POST /redrive with {"error_class": "NETWORK", "type": "default"}' in alert.text
    assert "12:05:00" in alert.text, "until when there are no more alerts"


def test_other_types_and_classes_are_separate_patterns(rules: Monitor) -> None:
    send(rules, a_failure(1), a_failure(2, "SYSTEM"), a_failure(3, task_type="demo.echo"))
    assert len({alert.subject for alert in alerts(rules)}) == 3


def test_the_next_window_is_reported_again(rules: Monitor) -> None:
    send(rules, a_failure(1))
    send(rules, a_failure(2), now=NOON + WINDOW - timedelta(seconds=1))
    assert len(alerts(rules)) == 1
    send(rules, a_failure(3), now=NOON + WINDOW)
    assert len(alerts(rules)) == 2
    assert alerts(rules)[1].text.startswith("1 task of type"), "the count starts again"


def test_an_event_that_is_delivered_again_counts_once(rules: Monitor) -> None:
    assert send(rules, a_failure(1), a_failure(1)).counted == 1
    assert send(rules, a_failure(1), a_failure(2)).counted == 1
    pattern = rules.patterns.claim_alert(KIND, now=NOON + WINDOW, threshold=1)
    assert pattern is None, "already reported"
    assert failures(rules) == 2


def failures(rules: Monitor) -> int:
    assert isinstance(rules.patterns, DynamoDBPatternStore)
    key = {"id": {"S": "pattern#default#NETWORK"}}
    return int(rules.patterns._client.get_item(TableName=TABLE, Key=key)["Item"]["failures"]["N"])  # type: ignore[typeddict-item]


def test_an_event_counts_again_after_a_day(rules: Monitor) -> None:
    """DynamoDB deletes expired items late, so the expiry is compared."""
    send(rules, a_failure(1))
    assert send(rules, a_failure(1), now=NOON + timedelta(days=1)).counted == 1


def test_failures_below_the_threshold_are_not_reported(rules: Monitor) -> None:
    lenient = replace(rules, threshold=3)
    send(lenient, a_failure(1), a_failure(2))
    assert alerts(rules) == []
    assert send(lenient, a_failure(2)).alerts == ()
    send(lenient, a_failure(3))
    assert alerts(rules)[0].text.startswith("3 tasks")


def test_an_alert_that_could_not_be_sent_is_sent_when_the_messages_are_retried(rules: Monitor) -> None:
    assert isinstance(rules.alerts, FakeAlerts)
    rules.alerts.broken = True
    assert send(rules, a_failure(1), a_failure(2)).retry == ("message-0", "message-1")
    rules.alerts.broken = False
    assert send(rules, a_failure(1)).retry == (), "still claimed by the call that failed"
    assert alerts(rules) == []
    again = send(rules, a_failure(1), a_failure(2), now=NOON + CLAIM_FOR)
    assert (again.counted, again.alerts) == (0, (KIND,))
    assert alerts(rules)[0].text.startswith("2 tasks"), "and counted once"


def test_the_messages_of_every_alert_that_could_not_be_sent_are_retried(rules: Monitor) -> None:
    assert isinstance(rules.alerts, FakeAlerts)
    rules.alerts.broken = True
    watched = send(rules, a_failure(1), a_failure(2, "SYSTEM"), "not JSON")
    assert sorted(watched.retry) == ["message-0", "message-1", "message-2"]


def test_a_claim_is_held_by_one_at_a_time(rules: Monitor) -> None:
    rules.patterns.count(parse_failure(a_failure(1), rules.types), now=NOON, window=WINDOW)
    assert rules.patterns.claim_alert(KIND, now=NOON, threshold=1) is not None
    assert rules.patterns.claim_alert(KIND, now=NOON, threshold=1) is None


def test_reporting_late_does_not_silence_the_next_window(rules: Monitor) -> None:
    rules.patterns.count(parse_failure(a_failure(1), rules.types), now=NOON, window=WINDOW)
    first = rules.patterns.claim_alert(KIND, now=NOON, threshold=1)
    assert first is not None
    later = NOON + WINDOW
    rules.patterns.count(parse_failure(a_failure(2), rules.types), now=later, window=WINDOW)
    rules.patterns.mark_reported(first, now=later)
    assert rules.patterns.claim_alert(KIND, now=later, threshold=1) is not None


def test_another_writer_in_between_does_not_lose_a_count(rules: Monitor, dynamodb: Any) -> None:
    """Another writer opens the window between the read and the transaction."""

    class Racing:
        exceptions = dynamodb.exceptions

        def __init__(self) -> None:
            self.first = True

        def get_item(self, **request: Any) -> Any:
            response = dynamodb.get_item(**request)
            if self.first:
                self.first = False
                rules.patterns.count(parse_failure(a_failure(1), rules.types), now=NOON, window=WINDOW)
            return response

        def transact_write_items(self, **request: Any) -> Any:
            return dynamodb.transact_write_items(**request)

    racing: Any = Racing()
    store = DynamoDBPatternStore(TABLE, racing)
    assert store.count(parse_failure(a_failure(2), rules.types), now=NOON, window=WINDOW) is True
    assert failures(rules) == 2


def test_a_contended_table_makes_the_message_retry(rules: Monitor, dynamodb: Any) -> None:
    class Busy:
        exceptions = dynamodb.exceptions

        def get_item(self, **request: Any) -> Any:
            return {}

        def transact_write_items(self, **request: Any) -> Any:
            reasons = {"CancellationReasons": [{"Code": "None"}, {"Code": "TransactionConflict"}]}
            raise dynamodb.exceptions.TransactionCanceledException(reasons, "TransactWriteItems")

    busy: Any = Busy()
    assert send(replace(rules, patterns=DynamoDBPatternStore(TABLE, busy)), a_failure(1)).retry == ("message-0",)


def test_a_message_that_is_not_a_failure_is_retried_and_the_others_count(rules: Monitor) -> None:
    watched = send(rules, "not JSON", '{"no": "event"}', "[]", a_failure(1))
    assert (watched.retry, watched.counted) == (("message-0", "message-1", "message-2"), 1)
    with pytest.raises(ValueError, match=r"^not the event of a failed task$"):
        parse_failure('{"no": "event"}', rules.types)


def test_unknown_names_make_no_new_patterns(rules: Monitor) -> None:
    send(rules, *(a_failure(n, error_class=f"CLASS-{n}", task_type=f"type-{n}") for n in range(10)))
    (alert,) = alerts(rules)
    assert alert.subject == "Taskline: tasks of type other are failing with UNKNOWN"


def test_an_alert_contains_no_secrets(rules: Monitor) -> None:
    send(rules, a_failure(1, message="anna@example.com, password=hunter2hunter2, 4111 1111 1111 1111"))
    for secret in ("anna@", "hunter2", "4111"):
        assert secret not in alerts(rules)[0].text


def test_every_class_has_advice() -> None:
    assert set(ADVICE) == set(ErrorClass)


def test_a_subject_is_short_enough_for_an_e_mail() -> None:
    kind = Kind(type="x" * 64, error_class=ErrorClass.RATE_LIMIT)
    pattern = Pattern(kind=kind, failures=1, since="now", until=NOON, examples=("a",), message="m")
    client = mock.Mock()
    SNSAlerts("arn:topic", client).send(to_alert(pattern))
    assert len(client.publish.call_args.kwargs["Subject"]) == 100


def test_the_handler_returns_the_messages_to_retry(rules: Monitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor, "build", lambda: rules)
    records = [{"messageId": "1", "body": a_failure(1)}, {"messageId": "2", "body": "not JSON"}]
    assert monitor.handler({"Records": records}, CONTEXT) == {"batchItemFailures": [{"itemIdentifier": "2"}]}
    assert len(alerts(rules)) == 1


def test_an_alert_goes_to_the_topic(aws_clients: Callable[[str], Any]) -> None:
    sent: list[dict[str, Any]] = []

    class Client:
        def publish(self, **request: Any) -> object:
            return sent.append(request)

    client: Any = Client()
    SNSAlerts("arn:alerts", client).send(Alert(subject="s", text="t"))
    assert sent == [{"TopicArn": "arn:alerts", "Subject": "s", "Message": "t"}]
    with pytest.raises(Unavailable, match="topic of alerts"):
        SNSAlerts("arn:aws:sns:eu-west-1:123456789012:gone", aws_clients("sns")).send(Alert(subject="s", text="t"))


def test_a_failure_is_made_of_facts() -> None:
    assert parse_failure(a_failure(7), {"default"}) == Failure(
        event_id="event-7",
        task_id="task-7",
        kind=KIND,
        at="2026-01-31T11:59:58.000Z",
        message="TaskError: no route",
    )
