"""What keeps the counts: the task table's stream, and the function behind it."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infrastructure.blocks.component import Component
from infrastructure.blocks.function import Function, FunctionArgs, FunctionDefaults
from infrastructure.blocks.refs import FunctionRef, Grant, TableRef

# One transaction takes what the delay brings: the more changes it counts, the less each of them costs.
BATCH_SIZE = 2500
# Only with a window does Lambda name the shard, whose changes then come in order and one batch at a time. Nothing is
# kept in the window, so its length does not matter.
WINDOW_SECONDS = 60
TIMEOUT_SECONDS = 60
MEMORY_MEGABYTES = 256


@dataclass(frozen=True, kw_only=True)
class CounterArgs:
    """The changes of `table` are counted; `counting` is the use of the table of counts. Changes are gathered for
    `delay_seconds`.
    """

    defaults: FunctionDefaults
    table: TableRef
    counting: Grant
    delay_seconds: int


class Counter(Component):
    """From the table's stream to the table of counts. Public: `function`.

    A second reader of the stream, beside the one that publishes events and takes several batches of a shard at once.
    A change is never given up: it is tried again for as long as the stream keeps it, which is a day.
    """

    function: FunctionRef

    def __init__(self, name: str, args: CounterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:watch:Counter", name, opts)
        function = FunctionArgs(
            defaults=args.defaults,
            grants=(args.table.following(), args.counting),
            timeout=TIMEOUT_SECONDS,
            memory_megabytes=MEMORY_MEGABYTES,
        )
        self.function = Function("counter", function, opts=self._child).ref
        aws.lambda_.EventSourceMapping(
            f"{name}-mapping",
            event_source_arn=args.table.stream_arn,
            function_name=self.function.arn,
            # From the beginning: tasks may be recorded before the mapping is ready.
            starting_position="TRIM_HORIZON",
            batch_size=BATCH_SIZE,
            maximum_batching_window_in_seconds=args.delay_seconds,
            tumbling_window_in_seconds=WINDOW_SECONDS,
            opts=self._child,
        )
        self.register_outputs({})
