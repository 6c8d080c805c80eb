"""What keeps gates moving: the stream of their table, and the function behind it."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infrastructure.blocks.clock import call_regularly
from infrastructure.blocks.component import Component
from infrastructure.blocks.function import Function, FunctionArgs, FunctionDefaults
from infrastructure.blocks.refs import FunctionRef, GatesRef, LanesRef, TableRef, WorkflowRef
from infrastructure.settings.lane_changes import lane_guard

BATCH_SIZE = 100
TIMEOUT_SECONDS = 60
MEMORY_MEGABYTES = 256
TICK = "rate(1 minute)"


@dataclass(frozen=True, kw_only=True)
class GatekeeperArgs:
    """Tasks that are parked behind `gates` have their records in `table`, and are sent to `lanes`; those that take
    long are executed by `long_workflow`, and have `cancel_grace_seconds` to stop when they are cancelled. Records of
    cancelled tasks are kept for `retention_seconds`.
    """

    defaults: FunctionDefaults
    gates: GatesRef
    table: TableRef
    lanes: LanesRef
    long_workflow: WorkflowRef
    cancel_grace_seconds: int
    retention_seconds: int


class Gatekeeper(Component):
    """From the stream of gates to the queue. Public: `function`.

    A change is never given up: it is tried again for as long as the stream keeps it, which is a day. A clock lets the
    function look at all closed gates, too: it measures for how long they have been closed, and moves those that wait.
    """

    function: FunctionRef

    def __init__(self, name: str, args: GatekeeperArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:pipeline:Gatekeeper", name, opts)
        function = FunctionArgs(
            defaults=args.defaults,
            grants=(
                args.gates.following(),
                args.gates.releasing(),
                args.table.releasing(),
                args.lanes.sending(),
                args.long_workflow.watching(),
            ),
            environment={
                "CANCEL_GRACE_SECONDS": str(args.cancel_grace_seconds),
                "RETENTION_SECONDS": str(args.retention_seconds),
            },
            timeout=TIMEOUT_SECONDS,
            memory_megabytes=MEMORY_MEGABYTES,
            hooks=lane_guard("gatekeeper"),
        )
        self.function = Function("gatekeeper", function, opts=self._child).ref
        aws.lambda_.EventSourceMapping(
            f"{name}-mapping",
            event_source_arn=args.gates.stream_arn,
            function_name=self.function.arn,
            # From the beginning: a gate may close before the mapping is ready.
            starting_position="TRIM_HORIZON",
            batch_size=BATCH_SIZE,
            opts=self._child,
        )
        call_regularly(
            "gates",
            self.function,
            rate=TICK,
            about="Measures for how long keys have been halted",
            location=args.defaults.location,
            parent=self,
        )
        self.register_outputs({})
