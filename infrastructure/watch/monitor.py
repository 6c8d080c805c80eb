"""The failure monitor: receives the events of failed tasks, counts patterns, and alerts once per pattern."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infrastructure.blocks import iam
from infrastructure.blocks.component import Component
from infrastructure.blocks.function import Function, FunctionArgs, FunctionDefaults
from infrastructure.blocks.queues import SOURCE_RETENTION_SECONDS, Redrive, StandardQueue, StandardQueueArgs
from infrastructure.blocks.refs import FunctionRef, Grant, QueueRef, TopicRef, grant
from infrastructure.blocks.topic import Topic, TopicArgs
from infrastructure.settings.watch import MonitorSettings
from infrastructure.watch.pattern_table import PatternTable

FILTER = {"status": ["failed"]}
BATCH_SIZE = 10
# At most two batches at a time: they update the same few items.
CONCURRENCY = 2
TIMEOUT_SECONDS = 30
MEMORY_MEGABYTES = 256
# Lambda's documentation recommends six times the function's timeout. It is also longer than an alert stays claimed.
VISIBILITY_SECONDS = 6 * TIMEOUT_SECONDS
MAX_RECEIVE_COUNT = 5


@dataclass(frozen=True, kw_only=True)
class MonitorArgs:
    """`events` is the topic of task events, `failures` the queue for events that cannot be processed."""

    defaults: FunctionDefaults
    settings: MonitorSettings
    events: TopicRef
    failures: QueueRef


class Monitor(Component):
    """From the topic of task events to the topic of alerts. Public: `alerts`, `function`."""

    alerts: TopicRef
    function: FunctionRef

    def __init__(self, name: str, args: MonitorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:watch:Monitor", name, opts)
        self._name, self._args = name, args
        location = args.defaults.location
        self.alerts = Topic("alerts", TopicArgs(location=location, alarms=True), opts=self._child).ref
        if email := args.settings.email:
            aws.sns.TopicSubscription(
                f"{name}-email", topic=self.alerts.arn, protocol="email", endpoint=email, opts=self._child
            )
        patterns = PatternTable("failure-patterns", location, opts=self._child)
        queue = self._subscribed_queue()
        self.function = self._function(patterns.counting, queue.receiving())
        aws.lambda_.EventSourceMapping(
            f"{name}-mapping",
            event_source_arn=queue.arn,
            function_name=self.function.arn,
            batch_size=BATCH_SIZE,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config={"maximum_concurrency": CONCURRENCY},
            opts=self._child,
        )
        self.register_outputs({})

    def _subscribed_queue(self) -> QueueRef:
        args = StandardQueueArgs(
            location=self._args.defaults.location,
            retention=SOURCE_RETENTION_SECONDS,
            visibility_timeout=VISIBILITY_SECONDS,
            protect=False,
            redrive=Redrive(dead_letters=self._args.failures, max_receive_count=MAX_RECEIVE_COUNT),
            topic=self._args.events,
        )
        queue = StandardQueue("failed-tasks", args, opts=self._child)
        aws.sns.TopicSubscription(
            f"{self._name}-subscription",
            topic=self._args.events.arn,
            protocol="sqs",
            endpoint=queue.ready_arn,
            raw_message_delivery=True,
            filter_policy=json.dumps(FILTER),
            opts=self._child,
        )
        return queue.ref

    def _function(self, *grants: Grant) -> FunctionRef:
        settings = self._args.settings
        args = FunctionArgs(
            defaults=self._args.defaults,
            grants=(*grants, grant(iam.raise_alerts(self.alerts.arn), ALERTS_TOPIC_ARN=self.alerts.arn)),
            environment={"WINDOW_SECONDS": str(settings.window_seconds), "ALERT_THRESHOLD": str(settings.threshold)},
            timeout=TIMEOUT_SECONDS,
            memory_megabytes=MEMORY_MEGABYTES,
        )
        return Function("monitor", args, opts=self._child).ref
