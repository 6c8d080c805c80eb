"""References: how components share resources without knowing each other.

A component publishes a reference to what it makes, and others take it. Each method of a reference is one use of the
resource and returns what that use takes, so that a function's role and environment follow from its grants.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from infrastructure.blocks import iam

Text = pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class Grant:
    """One use of one resource: its permissions, and the environment variables that say where the resource is."""

    statements: tuple[iam.Statement, ...]
    environment: Mapping[str, Text]


def grant(*statements: iam.Statement, **environment: Text) -> Grant:
    """A grant of these permissions with these environment variables."""
    return Grant(statements=statements, environment=environment)


@dataclass(frozen=True, kw_only=True)
class TableRef:
    """The task table, its indexes and its stream of changes."""

    name: Text
    arn: Text
    failed_index_arn: Text
    list_index_arns: tuple[Text, ...]
    stream_arn: Text

    def recording(self) -> Grant:
        """Record new tasks."""
        return grant(iam.record_tasks(self.arn), TABLE_NAME=self.name)

    def reading(self) -> Grant:
        """Read one task, or a page of a list."""
        lists = iam.list_tasks(self.arn, self.list_index_arns)
        return grant(iam.read_tasks(self.arn), *lists, TABLE_NAME=self.name)

    def cancelling(self) -> Grant:
        """Cancel queued tasks."""
        return grant(iam.cancel_tasks(self.arn), TABLE_NAME=self.name)

    def redriving(self) -> Grant:
        """Find failed tasks, and mark them as queued again."""
        find = iam.find_failed_tasks(self.failed_index_arn)
        return grant(iam.redrive_tasks(self.arn), find, TABLE_NAME=self.name)

    def releasing(self) -> Grant:
        """Read parked tasks, and queue them again."""
        return grant(iam.release_tasks(self.arn), TABLE_NAME=self.name)

    def reporting(self) -> Grant:
        """Report the progress of a task."""
        return grant(iam.report_progress(self.arn), TABLE_NAME=self.name)

    def following_workers(self) -> Grant:
        """Read a task whose worker brings its token back, and note the worker's progress."""
        return grant(iam.follow_workers(self.arn), TABLE_NAME=self.name)

    def skipping(self) -> Grant:
        """Read what has become of the heads of gates, and settle those that an operator skips."""
        return grant(iam.skip_tasks(self.arn), TABLE_NAME=self.name)

    def following(self) -> Grant:
        """Follow the stream through an event source mapping, which knows where it is."""
        return grant(iam.read_changes(self.stream_arn), iam.list_streams())


@dataclass(frozen=True, kw_only=True)
class GatesRef:
    """The table of gates, its index of closed ones and its stream of changes."""

    name: Text
    arn: Text
    index_arn: Text
    stream_arn: Text

    def steering(self) -> Grant:
        """Show, close and open keys."""
        find = iam.find_closed_keys(self.index_arn)
        return grant(iam.steer_gates(self.arn), find, GATES_TABLE_NAME=self.name)

    def releasing(self) -> Grant:
        """Release parked tasks, and open gates behind which there are none."""
        find = iam.find_closed_keys(self.index_arn)
        return grant(iam.keep_gates(self.arn), find, GATES_TABLE_NAME=self.name)

    def following(self) -> Grant:
        """Follow the stream through an event source mapping, which knows where it is."""
        return grant(iam.read_changes(self.stream_arn), iam.list_streams())


@dataclass(frozen=True, kw_only=True)
class QueueRef:
    """A queue; `name` is its name in metrics."""

    name: str
    arn: Text
    url: Text

    def receiving(self) -> Grant:
        """Receive messages through a pipe or an event source mapping, which know where the queue is."""
        return grant(iam.take_messages(self.arn))

    def removing_dead_letters(self) -> Grant:
        """Remove dead letters whose tasks are redriven."""
        return grant(iam.remove_dead_letters(self.arn), DEAD_LETTER_QUEUE_URL=self.url)


@dataclass(frozen=True, kw_only=True)
class SecretRef:
    """A secret of the stack; `value` is marked as one, so that it is encrypted in the state and not printed."""

    value: pulumi.Output[str]

    def deriving_ids(self) -> Grant:
        """Compute ids that no one else can compute. Handed over with the code: a cold start has no time to ask."""
        return grant(ID_SECRET=self.value)


@dataclass(frozen=True, kw_only=True)
class TopicRef:
    """A topic."""

    arn: Text


@dataclass(frozen=True, kw_only=True)
class PipeRef:
    """The pipe from a task queue to the state machine."""

    name: str
    arn: Text
    log_group: Text


@dataclass(frozen=True, kw_only=True)
class LaneRef:
    """A task queue and the pipe that empties it. `label` is added to the names of what is about this lane alone; that
    of the first is empty.
    """

    label: str
    queue: QueueRef
    pipe: PipeRef

    def named(self, name: str) -> str:
        """The name of an alarm or a line about this lane."""
        return f"{name}-{self.label}" if self.label else name


@dataclass(frozen=True, kw_only=True)
class LanesRef:
    """The lanes of a `generation`. Until `since`, tasks go to those `before`, which then drain. `breaker_id` is what
    the breaker of the pipes is stored under.
    """

    breaker_id: str
    generation: int
    now: tuple[LaneRef, ...]
    before: tuple[LaneRef, ...] = ()
    since: str = ""

    @property
    def all(self) -> tuple[LaneRef, ...]:
        """All of them, the newest first."""
        return (*self.now, *self.before)

    def sending(self) -> Grant:
        """Send tasks to their lanes."""
        statement = iam.send_tasks([lane.queue.arn for lane in self.all])
        return grant(statement, QUEUE_URL=_joined(self.now), **self._change())

    def switching(self) -> Grant:
        """Stop and start the pipes, those of new lanes only when the old ones have drained."""
        known = {"BREAKER_ID": self.breaker_id, "PIPE_NAME": ",".join(lane.pipe.name for lane in self.now)}
        switch = iam.switch_pipes([lane.pipe.arn for lane in self.all])
        if not self.before:
            return grant(switch, **known)
        return grant(
            switch,
            iam.watch_drain([lane.queue.arn for lane in self.before]),
            **known,
            PIPE_NAMES_BEFORE=",".join(lane.pipe.name for lane in self.before),
            LANE_GENERATION=str(self.generation),
            **self._change(),
        )

    def _change(self) -> Mapping[str, Text]:
        return {"QUEUE_URLS_BEFORE": _joined(self.before), "LANES_FROM": self.since} if self.before else {}


def _joined(lanes: Sequence[LaneRef]) -> Text:
    """The URLs of their queues in one variable."""
    urls = [lane.queue.url for lane in lanes]
    return urls[0] if len(urls) == 1 else pulumi.Output.all(*urls).apply(",".join)


@dataclass(frozen=True, kw_only=True)
class WorkflowRef:
    """The state machine; `console_url` is its page in the AWS console."""

    name: str
    arn: Text
    console_url: Text
    log_group: Text

    def starting(self) -> Grant:
        """Start executions and wait for their end."""
        return grant(iam.start_executions(self.arn))

    def watching(self) -> Grant:
        """See which executions of a Standard machine run or have ended, and stop one."""
        return grant(
            iam.list_executions(self.arn), iam.watch_executions(self.executions_arn), LONG_MACHINE_ARN=self.arn
        )

    @property
    def executions_arn(self) -> Text:
        """The ARN of all its executions."""
        executions = pulumi.Output.from_input(self.arn).apply(lambda arn: arn.replace(":stateMachine:", ":execution:"))
        return pulumi.Output.concat(executions, ":*")


@dataclass(frozen=True, kw_only=True)
class CodeRef:
    """What functions are made of: the path of the zip, the layer of its dependencies, and the modules in the zip that
    have task types besides those that ship.
    """

    archive: str
    layer_arn: Text
    task_type_modules: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FunctionRef:
    """A function's alias; `invoke_arn` is for API Gateway. A permission takes `name` and `alias`.

    `service` is its name in its own metrics, whose namespace is the stack's, so that no two stacks share a metric.
    """

    service: str
    name: str
    alias: Text
    metrics_namespace: str
    arn: Text
    invoke_arn: Text
    log_group: Text


@dataclass(frozen=True, kw_only=True)
class ApiRef:
    """The REST API with its one stage; `url` has no slash at its end, `key_ids` are by client, and `log_group` has a
    line for each request. `domain_target` is what the DNS record of its own domain points to, None without one.
    """

    name: str
    stage: str
    url: Text
    key_ids: pulumi.Input[Mapping[str, str]]
    log_group: Text
    domain_target: Text | None = None


@dataclass(frozen=True, kw_only=True)
class ProcessingRef:
    """All that a task passes between its submission and its outcome. The default pool's processor is the first. Tasks
    that take long are handed over to `long_workflow`.
    """

    lanes: LanesRef
    dead_letters: QueueRef
    workflow: WorkflowRef
    long_workflow: WorkflowRef
    processors: tuple[FunctionRef, ...]

    @property
    def queue(self) -> QueueRef:
        """The queue of the first lane."""
        return self.lanes.now[0].queue

    @property
    def pipe(self) -> PipeRef:
        """The pipe of the first lane."""
        return self.lanes.now[0].pipe
