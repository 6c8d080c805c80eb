"""The failure monitor: hears of failed tasks only, counts patterns, and alerts once for each."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infrastructure.blocks import iam
from infrastructure.blocks.function import Function, FunctionArgs, FunctionDefaults
from infrastructure.blocks.location import Location
from infrastructure.blocks.queue import SOURCE_RETENTION_SECONDS, Redrive
from infrastructure.blocks.standard_queue import StandardQueue, StandardQueueArgs
from infrastructure.blocks.topic import Topic, TopicArgs
from infrastructure.watch.pattern_table import PatternTable

FILTER = {"status": ["failed"]}
BATCH_SIZE = 10
# Two batches at a time at most: they count into the same few items.
CONCURRENCY = 2
TIMEOUT_SECONDS = 30
MEMORY_MEGABYTES = 256
# Lambda's own advice is six times the function's timeout; and longer than a claimed alert stays claimed.
VISIBILITY_SECONDS = 6 * TIMEOUT_SECONDS
MAX_RECEIVE_COUNT = 5


@dataclass(frozen=True, kw_only=True)
class MonitorArgs:
    """`failures_arn` is the queue for what cannot be processed; `email` is told of alerts, empty tells nobody."""

    defaults: FunctionDefaults
    topic_arn: pulumi.Input[str]
    failures_arn: pulumi.Input[str]
    window_seconds: int
    threshold: int
    email: str


class Monitor(pulumi.ComponentResource):
    """From the topic of task events to that of alerts. Public: its parts."""

    alerts: Topic
    function: Function

    def __init__(self, name: str, args: MonitorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:monitor:Monitor", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        location = args.defaults.location
        self.alerts = Topic("alerts", TopicArgs(location=location, alarms=True), opts=child)
        if args.email:
            aws.sns.TopicSubscription(
                f"{name}-email", topic=self.alerts.arn, protocol="email", endpoint=args.email, opts=child
            )
        patterns = PatternTable("failure-patterns", location, opts=child)
        queue = StandardQueue("failed-tasks", _queue(args, location), opts=child)
        aws.sns.TopicSubscription(
            f"{name}-subscription",
            topic=args.topic_arn,
            protocol="sqs",
            endpoint=queue.open_arn,
            raw_message_delivery=True,
            filter_policy=json.dumps(FILTER),
            opts=child,
        )
        self.function = Function("monitor", self._function(args, patterns, queue), opts=child)
        aws.lambda_.EventSourceMapping(
            f"{name}-mapping",
            event_source_arn=queue.arn,
            function_name=self.function.arn,
            batch_size=BATCH_SIZE,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config={"maximum_concurrency": CONCURRENCY},
            opts=child,
        )
        self.register_outputs({})

    def _function(self, args: MonitorArgs, patterns: PatternTable, queue: StandardQueue) -> FunctionArgs:
        return FunctionArgs(
            defaults=args.defaults,
            environment={
                "PATTERNS_TABLE_NAME": patterns.table_name,
                "ALERTS_TOPIC_ARN": self.alerts.arn,
                "WINDOW_SECONDS": str(args.window_seconds),
                "ALERT_THRESHOLD": str(args.threshold),
            },
            statements=(
                iam.take_messages(queue.arn),
                iam.count_patterns(patterns.arn),
                iam.raise_alerts(self.alerts.arn),
            ),
            timeout=TIMEOUT_SECONDS,
            memory_megabytes=MEMORY_MEGABYTES,
        )


def _queue(args: MonitorArgs, location: Location) -> StandardQueueArgs:
    return StandardQueueArgs(
        location=location,
        retention=SOURCE_RETENTION_SECONDS,
        visibility_timeout=VISIBILITY_SECONDS,
        protect=False,
        redrive=Redrive(dead_letter_queue_arn=args.failures_arn, max_receive_count=MAX_RECEIVE_COUNT),
        topic_arn=args.topic_arn,
    )
