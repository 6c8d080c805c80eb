"""What processes tasks: a processor per pool, state machine, dead-letter queue, and the lanes that feed them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pulumi

from functions.tasks.registry import TaskType, halting, heartbeats, long_types, timeouts, token_types
from infrastructure.blocks import iam
from infrastructure.blocks.code import layer
from infrastructure.blocks.component import Component
from infrastructure.blocks.function import Function, FunctionArgs, FunctionDefaults
from infrastructure.blocks.location import Location
from infrastructure.blocks.queues import (
    DEAD_LETTER_RETENTION_SECONDS,
    SOURCE_RETENTION_SECONDS,
    FifoQueue,
    QueueArgs,
    Redrive,
)
from infrastructure.blocks.refs import (
    FunctionRef,
    GatesRef,
    Grant,
    LaneRef,
    LanesRef,
    ProcessingRef,
    QueueRef,
    TableRef,
    WorkflowRef,
    grant,
)
from infrastructure.pipeline.lane import Lane, LaneArgs
from infrastructure.pipeline.workflow import Workflow, WorkflowArgs
from infrastructure.settings.stack import Settings
from infrastructure.task_types.pools import PoolPlan, permissions, secret_path
from statemachine.loader import load_definition, load_long_definition
from statemachine.pools import function_name

# The state machine gives up on a task itself. SQS does so last, a day before it would delete the message: until then,
# nothing that is wrong with the account or with AWS moves a task out of its order.
LAST_RESORT_SECONDS = SOURCE_RETENTION_SECONDS - 24 * 3600
PROCESSOR = "processor"
MOST_RECEIVES = 1000  # that SQS takes as a maxReceiveCount


@dataclass(frozen=True, kw_only=True)
class ProcessingArgs:
    """The state machine claims tasks in `table`, and records their outcome there; `gates` are those of their keys.

    The default pool comes first.
    """

    defaults: FunctionDefaults
    settings: Settings
    table: TableRef
    gates: GatesRef
    pools: tuple[PoolPlan, ...]


class Processing(Component):
    """From the queue to the recorded outcome. Public: `ref`."""

    ref: ProcessingRef

    def __init__(self, name: str, args: ProcessingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:pipeline:Processing", name, opts)
        child = self._child
        dead_letters = FifoQueue("dead-letters", _dead_letters(args), opts=child).ref
        processors = {plan.pool.name: self._processor(plan, args) for plan in args.pools}
        common = _workflow(args, dead_letters)
        long = _with_functions(common, args, processors, long=True)
        long_workflow = Workflow("long-workflow", _long(long, args), opts=child).ref
        express = _with_functions(common, args, processors, long=False)
        workflow = Workflow("workflow", _express(express, args, long_workflow), opts=child).ref
        self.ref = ProcessingRef(
            lanes=self._lanes(args, _lane(args, workflow, dead_letters)),
            dead_letters=dead_letters,
            workflow=workflow,
            long_workflow=long_workflow,
            processors=tuple(processors.values()),
        )
        self.register_outputs({})

    def _lanes(self, args: ProcessingArgs, lane: LaneArgs) -> LanesRef:
        """The lanes of this generation and, until they have drained, those of the one before."""
        settings = args.settings.lanes
        return LanesRef(
            breaker_id=args.defaults.location.name("tasks-pipe"),
            generation=settings.generation,
            now=self._generation(settings.names["now"], lane, "", waits=settings.before > 0),
            before=self._generation(settings.names["before"], lane, "before-", waits=False),
            since=settings.since,
        )

    def _generation(self, names: Sequence[str], lane: LaneArgs, label: str, *, waits: bool) -> tuple[LaneRef, ...]:
        """Lanes with these names. Their labels are numbers from 2 on, the first has none, or all those from before."""
        labels = [f"{label}{number}" if label or number > 1 else "" for number in range(1, len(names) + 1)]
        return tuple(
            Lane(name, replace(lane, label=label, waits=waits), opts=self._child).ref
            for name, label in zip(names, labels, strict=True)
        )

    def _processor(self, plan: PoolPlan, args: ProcessingArgs) -> FunctionRef:
        settings, pool, location = args.settings, plan.pool, args.defaults.location
        name = location.name(f"dependencies-{pool.name}")
        function = FunctionArgs(
            defaults=args.defaults,
            service=PROCESSOR,
            grants=(
                grant(*permissions(plan, location)),
                *_secrets(plan, location),
                *((args.table.reporting(),) if plan.reports else ()),
            ),
            environment={"START_SECONDS": str(settings.objectives.start_seconds), **plan.environment},
            timeout=plan.timeout or settings.times.handler,
            memory_megabytes=pool.memory_megabytes or settings.processor_memory_megabytes,
            reserved_concurrency=pool.concurrency,
            layer_arn=layer(f"{plan.function}-layer", name, plan.layer, self._child) if plan.layer else "",
        )
        return Function(plan.function, function, opts=self._child).ref


def receives_before_giving_up(visibility_timeout: int) -> int:
    """After how many receives SQS moves a message to the dead-letter queue; each hides it for `visibility_timeout`
    seconds.
    """
    return min(MOST_RECEIVES, LAST_RESORT_SECONDS // visibility_timeout)


def _dead_letters(args: ProcessingArgs) -> QueueArgs:
    return QueueArgs(
        location=args.defaults.location,
        retention=DEAD_LETTER_RETENTION_SECONDS,
        visibility_timeout=args.settings.times.visibility,
        protect=args.settings.protect_data,
    )


def _secrets(plan: PoolPlan, location: Location) -> tuple[Grant, ...]:
    path = secret_path(location)
    arns = [location.arn("ssm", f"parameter{path}/{name}") for name in plan.secrets]
    return (grant(iam.read_secrets(arns), SECRETS_PATH=path),) if arns else ()


def _types(args: ProcessingArgs) -> list[TaskType]:
    return [one for plan in args.pools for one in plan.types]


def _workflow(args: ProcessingArgs, dead_letters: QueueRef) -> WorkflowArgs:
    """What both machines have in common."""
    settings = args.settings
    return WorkflowArgs(
        location=args.defaults.location,
        load=load_definition,
        values={
            "TableName": args.table.name,
            "GatesTableName": args.gates.name,
            "HaltingTypes": halting(_types(args)),
            "DeadLetterQueueUrl": dead_letters.url,
            "MaxDeliveries": settings.max_receive_count,
            "RetentionSeconds": settings.record_retention_seconds,
        },
        functions=(),
        log_level=settings.execution_log_level,
        log_execution_data=settings.log_execution_data,
        log_retention_days=settings.log_retention_days,
    )


def _with_functions(
    common: WorkflowArgs, args: ProcessingArgs, processors: Mapping[str, FunctionRef], *, long: bool
) -> WorkflowArgs:
    """A machine knows the functions of its own types; a type that none has goes to the first, which says so."""
    pools = [plan for plan in args.pools if any(one.is_long is long for one in plan.types)] or [args.pools[0]]
    default, *others = (processors[plan.pool.name].arn for plan in pools)
    by_type = {
        one.name: processors[plan.pool.name].arn for plan in pools[1:] for one in plan.types if one.is_long is long
    }
    function = pulumi.Output.all(default, by_type).apply(lambda both: function_name(*both))
    return replace(
        common,
        values={**common.values, "ProcessorFunction": function},
        functions=(default, *others),
    )


def _express(common: WorkflowArgs, args: ProcessingArgs, long: WorkflowRef) -> WorkflowArgs:
    """The machine that every task passes."""
    times = args.settings.times
    own = {
        "ProcessTimeoutSeconds": times.process,
        "WorkflowTimeoutSeconds": times.workflow,
        "LeaseSeconds": times.lease,
        "RetryUntilSeconds": times.retry_until,
        "LongTypes": long_types(_types(args)),
        "LongMachineArn": long.arn,
    }
    return replace(common, values={**common.values, **own})


def _long(common: WorkflowArgs, args: ProcessingArgs) -> WorkflowArgs:
    """The machine that tasks are handed over to which take long."""
    times, types = args.settings.long_times, _types(args)
    own = {
        "WorkflowTimeoutSeconds": times.workflow,
        "LeaseSeconds": times.lease,
        "RetryUntilSeconds": times.retry_until,
        "TokenTypes": token_types(types),
        "TypeTimeouts": timeouts(types),
        "TypeHeartbeats": heartbeats(types),
    }
    return replace(common, kind="STANDARD", load=load_long_definition, values={**common.values, **own})


def _lane(args: ProcessingArgs, workflow: WorkflowRef, dead_letters: QueueRef) -> LaneArgs:
    settings = args.settings
    return LaneArgs(
        location=args.defaults.location,
        redrive=Redrive(
            dead_letters=dead_letters, max_receive_count=receives_before_giving_up(settings.times.visibility)
        ),
        workflow=workflow,
        visibility_timeout=settings.times.visibility,
        protect=settings.protect_data,
        log_retention_days=settings.log_retention_days,
    )
