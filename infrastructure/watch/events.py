"""What tells the outside of every change: the table's stream, the function behind it, and the topic of task events."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infrastructure.blocks import iam
from infrastructure.blocks.function import Function, FunctionArgs, FunctionDefaults
from infrastructure.blocks.queue import DEAD_LETTER_RETENTION_SECONDS
from infrastructure.blocks.standard_queue import StandardQueue, StandardQueueArgs
from infrastructure.blocks.topic import Topic, TopicArgs

BATCH_SIZE = 100
TIMEOUT_SECONDS = 60
MEMORY_MEGABYTES = 256
# Ten batches of a shard side by side; records of one task stay in one of them, in order. One at a time could not keep
# up with a shard's thousand writes a second.
PARALLEL_BATCHES = 10
# Age decides, not the number of tries: a topic that cannot be reached is no fault of the events. What is given up then
# can be read from the stream for 18 more hours.
MAX_RECORD_AGE_SECONDS = 6 * 3600
MAX_RETRIES = 10_000


@dataclass(frozen=True, kw_only=True)
class EventsArgs:
    """From which stream."""

    defaults: FunctionDefaults
    stream_arn: pulumi.Input[str]
    protect: bool


class Events(pulumi.ComponentResource):
    """From the table's stream to the topic. Public: its parts."""

    topic: Topic
    failures: StandardQueue
    function: Function

    def __init__(self, name: str, args: EventsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:events:Events", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        location = args.defaults.location
        self.topic = Topic("task-events", TopicArgs(location=location, alarms=False), opts=child)
        self.failures = StandardQueue(
            "event-failures",
            StandardQueueArgs(
                location=location,
                retention=DEAD_LETTER_RETENTION_SECONDS,
                visibility_timeout=TIMEOUT_SECONDS,
                protect=args.protect,
            ),
            opts=child,
        )
        self.function = Function("events", self._function(args), opts=child)
        aws.lambda_.EventSourceMapping(
            f"{name}-mapping",
            event_source_arn=args.stream_arn,
            function_name=self.function.arn,
            # From the beginning: a table that is made together with its mapping has tasks before the mapping is ready.
            starting_position="TRIM_HORIZON",
            batch_size=BATCH_SIZE,
            parallelization_factor=PARALLEL_BATCHES,
            function_response_types=["ReportBatchItemFailures"],
            bisect_batch_on_function_error=True,
            maximum_retry_attempts=MAX_RETRIES,
            maximum_record_age_in_seconds=MAX_RECORD_AGE_SECONDS,
            destination_config={"on_failure": {"destination_arn": self.failures.arn}},
            opts=child,
        )
        self.register_outputs({})

    def _function(self, args: EventsArgs) -> FunctionArgs:
        return FunctionArgs(
            defaults=args.defaults,
            environment={"TOPIC_ARN": self.topic.arn, "FAILURES_QUEUE_URL": self.failures.url},
            statements=(
                iam.read_changes(args.stream_arn),
                iam.publish_events(self.topic.arn),
                iam.keep_failed_events(self.failures.arn),
            ),
            timeout=TIMEOUT_SECONDS,
            memory_megabytes=MEMORY_MEGABYTES,
        )
