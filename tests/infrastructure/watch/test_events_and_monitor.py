"""What publishes changes, and what watches for failures."""

import json
from pathlib import Path
from typing import Any

import pytest

from infrastructure.watch.monitor import VISIBILITY_SECONDS
from tests.infrastructure.recording import ACCOUNT, Resource, Stack, arn, live, run
from tests.infrastructure.stages import evaluated

MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
TOPIC = arn("sns", "taskline-dev-task-events")
ALERTS = arn("sns", "taskline-dev-alerts")
TRIPS = arn("sns", "taskline-dev-breaker-trips")
FAILURES = arn("sqs", "taskline-dev-event-failures")
DAY = 24 * 3600


@pytest.fixture(scope="module")
def events(stack: Stack) -> Resource:
    return stack.one(MAPPING, "events-mapping")


@pytest.fixture(scope="module")
def monitor(stack: Stack) -> Resource:
    return stack.one(MAPPING, "monitor-mapping")


def test_the_events_function_reads_the_tables_stream(events: Resource) -> None:
    assert ":table/taskline-dev-tasks/stream/" in events.inputs["eventSourceArn"]
    assert events.inputs["functionName"] == live("taskline-dev-events")


def test_nothing_that_was_written_before_the_mapping_is_skipped(events: Resource) -> None:
    assert events.inputs["startingPosition"] == "TRIM_HORIZON"


def test_a_failed_batch_is_retried_from_the_failed_record_for_hours(events: Resource) -> None:
    assert events.inputs["functionResponseTypes"] == ["ReportBatchItemFailures"]
    assert events.inputs["bisectBatchOnFunctionError"] is True
    assert events.inputs["maximumRecordAgeInSeconds"] == 6 * 3600
    assert events.inputs["maximumRetryAttempts"] == 10_000, "age decides"


def test_events_are_gathered_so_that_publications_are_full(events: Resource) -> None:
    assert (events.inputs["batchSize"], events.inputs["maximumBatchingWindowInSeconds"]) == (500, 1)
    prod = evaluated("prod").one(MAPPING, "events-mapping")
    assert prod.inputs["maximumBatchingWindowInSeconds"] == 15


def test_events_that_are_given_up_have_their_own_queue(stack: Stack, events: Resource) -> None:
    assert events.inputs["destinationConfig"] == {"onFailure": {"destinationArn": FAILURES}}
    queue = stack.one("aws:sqs/queue:Queue", "event-failures-queue")
    assert queue.inputs["messageRetentionSeconds"] == 14 * DAY
    assert "redrivePolicy" not in queue.inputs, "the end of the line"


@pytest.mark.parametrize("name", ["event-failures", "failed-tasks"])
def test_a_standard_queue_is_encrypted_and_takes_only_tls(stack: Stack, name: str) -> None:
    queue = stack.one("aws:sqs/queue:Queue", f"{name}-queue")
    assert queue.inputs["sqsManagedSseEnabled"] is True
    assert not queue.inputs.get("fifoQueue")
    refuse = stack.one("aws:sqs/queuePolicy:QueuePolicy", f"{name}-policy").json("policy")["Statement"][0]
    assert (refuse["Effect"], refuse["Action"], refuse["Principal"]) == ("Deny", "sqs:*", "*")
    assert refuse["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.parametrize(("name", "topic"), [("task-events", TOPIC), ("alerts", ALERTS), ("breaker-trips", TRIPS)])
def test_a_topic_takes_only_tls(stack: Stack, name: str, topic: str) -> None:
    policy = stack.one("aws:sns/topicPolicy:TopicPolicy", f"{name}-policy")
    refuse = policy.json("policy")["Statement"][0]
    assert policy.inputs["arn"] == topic
    assert refuse == {
        "Sid": "RefuseClearText",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sns:Publish",
        "Resource": topic,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def test_the_topic_of_task_events_is_standard_and_encrypted(stack: Stack) -> None:
    topic = stack.one("aws:sns/topic:Topic", "task-events-topic")
    assert topic.inputs["kmsMasterKeyId"] == "alias/aws/sns"
    assert not topic.inputs.get("fifoTopic")


def test_alarms_can_publish_to_the_topic_of_alerts(stack: Stack) -> None:
    """CloudWatch cannot use the AWS managed key for SNS."""
    for name in ("alerts", "breaker-trips"):
        assert "kmsMasterKeyId" not in stack.one("aws:sns/topic:Topic", f"{name}-topic").inputs
        _, allow = stack.one("aws:sns/topicPolicy:TopicPolicy", f"{name}-policy").json("policy")["Statement"]
        assert (allow["Effect"], allow["Principal"]) == ("Allow", {"Service": "cloudwatch.amazonaws.com"})
        assert (allow["Action"], allow["Resource"]) == ("sns:Publish", arn("sns", f"taskline-dev-{name}"))
        assert allow["Condition"] == {
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
            "ArnLike": {"aws:SourceArn": arn("cloudwatch", "alarm:taskline-dev-*")},
        }


def test_the_monitor_receives_failures_only(stack: Stack) -> None:
    made = stack.one(SUBSCRIPTION, "monitor-subscription")
    assert made.inputs["topic"] == TOPIC
    assert (made.inputs["protocol"], made.inputs["endpoint"]) == ("sqs", arn("sqs", "taskline-dev-failed-tasks"))
    assert made.json("filterPolicy") == {"status": ["failed"]}
    assert made.inputs["rawMessageDelivery"] is True
    policy = stack.one("aws:sqs/queuePolicy:QueuePolicy", "failed-tasks-policy")
    assert made.depends_on(policy), "otherwise the first failures are rejected"
    allow = policy.json("policy")["Statement"][1]
    assert allow == {
        "Sid": "LetTheTopicSend",
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn("sqs", "taskline-dev-failed-tasks"),
        "Condition": {"ArnEquals": {"aws:SourceArn": TOPIC}},
    }


def test_the_monitor_takes_batches_that_may_fail_in_part(stack: Stack, monitor: Resource) -> None:
    assert monitor.inputs["eventSourceArn"] == arn("sqs", "taskline-dev-failed-tasks")
    assert monitor.inputs["functionName"] == live("taskline-dev-monitor")
    assert monitor.inputs["functionResponseTypes"] == ["ReportBatchItemFailures"]
    assert monitor.inputs["scalingConfig"] == {"maximumConcurrency": 2}
    queue = stack.one("aws:sqs/queue:Queue", "failed-tasks-queue")
    function = stack.one("aws:lambda/function:Function", "monitor-function")
    assert queue.inputs["visibilityTimeoutSeconds"] == VISIBILITY_SECONDS == 6 * function.inputs["timeout"]
    assert queue.json("redrivePolicy") == {"deadLetterTargetArn": FAILURES, "maxReceiveCount": 5}


@pytest.mark.parametrize(
    ("property_name", "value"),
    [
        ("billingMode", "PAY_PER_REQUEST"),
        ("hashKey", "id"),
        ("ttl", {"attributeName": "expires_at", "enabled": True}),
    ],
)
def test_patterns_are_counted_in_a_small_table_with_expiry(stack: Stack, property_name: str, value: Any) -> None:
    table = stack.one("aws:dynamodb/table:Table", "failure-patterns-table")
    assert table.inputs[property_name] == value
    assert "streamEnabled" not in table.inputs


def test_no_one_gets_alerts_by_e_mail_unless_an_address_is_set(stack: Stack, layer: Path) -> None:
    assert [one.name for one in stack.all(SUBSCRIPTION)] == ["breaker-subscription", "monitor-subscription"]
    named = run("dev", layer, alertEmail="ops@example.com")
    email = named.one(SUBSCRIPTION, "monitor-email")
    assert email.inputs == {"topic": ALERTS, "protocol": "email", "endpoint": "ops@example.com"}


def test_window_and_threshold_can_be_set(layer: Path) -> None:
    changed = run("dev", layer, failureWindowSeconds=900, failureAlertThreshold=10)
    variables = changed.one("aws:lambda/function:Function", "monitor-function").inputs["environment"]["variables"]
    assert (variables["WINDOW_SECONDS"], variables["ALERT_THRESHOLD"]) == ("900", "10")


def test_no_subscription_gets_bodies_or_results(stack: Stack) -> None:
    """Events hold ids and facts. Here: no function that publishes may read the table itself."""
    for actor in ("events", "counter", "monitor"):
        policy = json.dumps(stack.one("aws:iam/rolePolicy:RolePolicy", f"{actor}-policy").json("policy"))
        assert 'table/taskline-dev-tasks"' not in policy


@pytest.mark.parametrize(
    ("stage", "settings", "share"),
    [
        ("dev", {}, None),
        ("staging", {}, None),
        ("prod", {}, "0.01"),
        ("prod", {"executionDataSampling": ""}, None),
        *(("dev", {"executionDataSampling": given}, share) for given, share in (("0", "0.0"), ("1", "1.0"))),
        ("dev", {"executionDataSampling": 0.25}, "0.25"),
    ],
)
def test_a_stage_says_of_which_tasks_the_data_is_logged(
    layer: Path, stage: str, settings: dict[str, Any], share: str | None
) -> None:
    made = run(stage, layer, **settings)
    variables = {
        one.name: one.inputs["environment"]["variables"].get("DATA_SHARE")
        for one in made.all("aws:lambda/function:Function")
    }
    assert variables.pop("events-function") == share
    assert set(variables.values()) == {None}, "only the events function sees whole records"
