"""What publishes every change: the table's stream, the function behind it, and the topic of task events."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infrastructure.blocks import iam
from infrastructure.blocks.component import Component
from infrastructure.blocks.function import Function, FunctionArgs, FunctionDefaults
from infrastructure.blocks.queues import DEAD_LETTER_RETENTION_SECONDS, StandardQueue, StandardQueueArgs
from infrastructure.blocks.refs import FunctionRef, QueueRef, TableRef, TopicRef, grant
from infrastructure.blocks.topic import Topic, TopicArgs

# Ten events share one publication, and all of a batch its log lines: the more there are, the less each of them costs.
BATCH_SIZE = 500
TIMEOUT_SECONDS = 60
MEMORY_MEGABYTES = 256
# Batches per shard in parallel; the records of one task stay in one of them, in order. One at a time could not keep up
# with a shard's thousand writes per second, and more than are needed would leave each of them half empty.
PARALLEL_BATCHES = 2
# Age decides, not the number of attempts: an unreachable topic is not the events' fault. An event that is given up can
# still be read from the stream for 18 hours.
MAX_RECORD_AGE_SECONDS = 6 * 3600
MAX_RETRIES = 10_000


@dataclass(frozen=True, kw_only=True)
class EventsArgs:
    """The changes of `table` are published; `protect` is for the queue of events that were given up.

    `data_share` is the share of the finished tasks whose data is logged, None for none. Changes are gathered for
    `delay_seconds`.
    """

    defaults: FunctionDefaults
    table: TableRef
    protect: bool
    data_share: float | None
    delay_seconds: int


class Events(Component):
    """From the table's stream to the topic. Public: `topic`, `failures`, `function`."""

    topic: TopicRef
    failures: QueueRef
    function: FunctionRef

    def __init__(self, name: str, args: EventsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:watch:Events", name, opts)
        location, child = args.defaults.location, self._child
        self.topic = Topic("task-events", TopicArgs(location=location, alarms=False), opts=child).ref
        self.failures = StandardQueue("event-failures", _failures(args), opts=child).ref
        self.function = Function("events", self._function(args), opts=child).ref
        aws.lambda_.EventSourceMapping(
            f"{name}-mapping",
            event_source_arn=args.table.stream_arn,
            function_name=self.function.arn,
            # From the beginning: a table that is created with its mapping has tasks before the mapping is ready.
            starting_position="TRIM_HORIZON",
            batch_size=BATCH_SIZE,
            maximum_batching_window_in_seconds=args.delay_seconds,
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
            grants=(
                args.table.following(),
                grant(iam.publish_events(self.topic.arn), TOPIC_ARN=self.topic.arn),
                grant(iam.keep_failed_events(self.failures.arn), FAILURES_QUEUE_URL=self.failures.url),
            ),
            environment={} if args.data_share is None else {"DATA_SHARE": str(args.data_share)},
            timeout=TIMEOUT_SECONDS,
            memory_megabytes=MEMORY_MEGABYTES,
        )


def _failures(args: EventsArgs) -> StandardQueueArgs:
    return StandardQueueArgs(
        location=args.defaults.location,
        retention=DEAD_LETTER_RETENTION_SECONDS,
        visibility_timeout=TIMEOUT_SECONDS,
        protect=args.protect,
    )
