"""Every error in every state of the shipped machine: enumerated from its definition, run on a world in memory."""

import copy
import json
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, redirect_stdout
from dataclasses import dataclass, field
from functools import cache
from io import StringIO
from typing import Any

from asl import ExecutionContext, ExecutionStatus, Machine, Outcome, Taking, TaskFailure, TaskRequest, VirtualClock
from functions import processor, redrive
from statemachine.loader import raw_definition
from tests.simulation.actors import operators
from tests.simulation.actors.calls import LambdaContext, SimulatedTasks
from tests.simulation.run import START, TIMES, shipped_definition, shipped_machine
from tests.simulation.world.faults import NO_FAULTS, Faults
from tests.simulation.world.gates import LONG, STRICT
from tests.simulation.world.work import OK, processor_ports, working_in
from tests.simulation.world.world import World

TASK_ID = "task-1"
GROUP = "key"
WILDCARDS = {"States.ALL", "States.TaskFailed"}
# Errors that no state of the machine names: of each service, of Step Functions itself, and one that does not exist.
UNNAMED = (
    "DynamoDB.ProvisionedThroughputExceededException",
    "DynamoDB.ResourceNotFoundException",
    "DynamoDB.AmazonDynamoDBException",
    "SQS.QueueDoesNotExistException",
    "SQS.AmazonSQSException",
    "Lambda.ResourceNotFoundException",
    "Lambda.InvalidRuntimeException",
    "Runtime.ImportModuleError",
    "Runtime.OutOfMemory",
    "States.Permissions",
    "States.Runtime",
    "States.DataLimitExceeded",
    "Unknown.Error",
)
# Of these: a service's, the two that States.ALL does not match, and one that does not exist.
DIFFERENT = (
    *("DynamoDB.ProvisionedThroughputExceededException", "States.Runtime"),
    *("States.DataLimitExceeded", "Unknown.Error"),
)
CAUSES = (
    "not JSON",
    json.dumps({"errorMessage": json.dumps({"type": "T", "message": "m", "retry_in": None}), "errorType": "T"}),
    json.dumps({"errorMessage": json.dumps({"type": "T", "message": "m", "retry_in": 1}), "errorType": "T"}),
)


@dataclass(frozen=True, kw_only=True)
class Injection:
    """An error for the first call of a state, or for all its calls, with or without the call's effect."""

    state: str
    error: str
    cause: str
    always: bool
    has_effect: bool


@dataclass
class InjectedTasks:
    """The simulated world's calls, with errors in some states. `reached` are the states that made a call."""

    tasks: SimulatedTasks
    injections: tuple[Injection, ...]
    blocking: bool = False
    reached: set[str] = field(default_factory=set[str])

    def run(self, request: TaskRequest) -> Taking:
        first = request.state not in self.reached
        self.reached.add(request.state)
        for injection in self.injections:
            if injection.state == request.state and (first or injection.always):
                if injection.has_effect:
                    self.tasks.run(request)
                return Taking(0.01, TaskFailure(injection.error, injection.cause))
        return self.tasks.run(request)


@dataclass(frozen=True, kw_only=True)
class Situation:
    """The circumstances of a delivery: how the task's runs end, and what happened before."""

    name: str
    plan: tuple[str, ...] = (OK,)
    type: str = "simulated"
    body: str | None = None
    before: Callable[["Bench"], None] = lambda _: None
    meanwhile: tuple[Injection, ...] = ()
    """Errors during the delivery, for states that are not reached without them."""


class Bench:
    """A world with one message."""

    def __init__(self, situation: Situation) -> None:
        self.clock = VirtualClock(START)
        self.world = World(self.clock.now, TIMES.visibility)
        self.tasks = SimulatedTasks(self.world, Faults(random.Random(0), NO_FAULTS, until=START))
        task = {"task_id": TASK_ID, "title": "t", "description": "d", "priority": "low", "type": situation.type}
        self.body = situation.body or json.dumps(task | {"ordering_key": GROUP, "data": {"plan": situation.plan}})
        self.deduplication_id = TASK_ID
        self.reached: set[str] = set()
        situation.before(self)

    def deliver(self, machine: Machine, *injections: Injection) -> Outcome:
        """One execution for the message; afterwards its lease and its visibility timeout have expired."""
        number = self.world.next_execution()
        tasks = InjectedTasks(self.tasks, injections)
        name = f"execution-{number}"
        with ExitStack() as stack:
            stack.enter_context(working_in(self.world))
            ports = processor_ports(self.world, random.Random(number).random)
            stack.enter_context(processor.build.given(ports))
            stack.enter_context(redirect_stdout(StringIO()))
            outcome = machine.run(
                self._event(),
                tasks=tasks,
                clock=self.clock,
                rng=random.Random(number),
                context=ExecutionContext(machine_name="tasks", name=name),
            )
        self.reached |= tasks.reached
        self.clock.skip_to(self.clock.now() + TIMES.visibility)
        return outcome

    def _event(self) -> list[dict[str, Any]]:
        attributes = {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": str(int(START * 1000)),
            "SequenceNumber": f"{1:020d}",
            "MessageGroupId": GROUP,
            "MessageDeduplicationId": self.deduplication_id,
        }
        return [{"messageId": "message-1", "body": self.body, "attributes": attributes}]

    def redrive(self) -> None:
        """Redrive everything. `deliver` then delivers the message that this sends, if any."""
        request = {"dry_run": False}
        ports = operators.redrive_ports(self.world, self.tasks.faults)
        with redrive.build.given(ports), redirect_stdout(StringIO()):
            response = redrive.handler(operators.redrive_event("/redrive", None, request), LambdaContext())  # pyright: ignore[reportArgumentType]
        assert response["statusCode"] == 202, response
        for message in self.world.queue.messages:
            self.deduplication_id = message.deduplication_id

    def dead_letters(self) -> list[dict[str, Any]]:
        """The bodies of all dead letters."""
        return [json.loads(message.body) for message in self.world.dead_letters.messages]

    def outcome_is_recorded(self) -> bool:
        """Whether the task's outcome is recorded and, if it failed, its dead letter is sent; or whether it takes long,
        and its gate names the execution that has it, which the gatekeeper looks after.
        """
        record, gate = self.world.record(TASK_ID), self.world.gates.items.get((GROUP, "gate"), {})
        if "execution" in gate and record.get("status") in ("queued", "processing"):
            return True
        if record.get("status") == "succeeded":
            return "result" in record
        if record.get("status") == "parked":
            return any(item.get("task_id") == {"S": TASK_ID} for item in self.world.gates.items.values())
        dead_lettered = any(dead_letter["message"]["body"] == self.body for dead_letter in self.dead_letters())
        if record.get("status") == "failed":
            return dead_lettered and "error" in record
        return dead_lettered and not record


def _delivered_before(bench: Bench) -> None:
    bench.deliver(shipped_machine())


def _redriven(bench: Bench) -> None:
    """The task failed and was redriven with a new message: the one to deliver is the old one."""
    bench.deliver(shipped_machine())
    item = bench.world.table.items[TASK_ID]
    item |= {"status": {"S": "queued"}, "redrive_id": {"S": f"{TASK_ID}-redrive-1"}}
    del item["error"]


def _lease(owner: str) -> Callable[[Bench], None]:
    def held(bench: Bench) -> None:
        bench.deliver(shipped_machine())
        item = bench.world.table.items[TASK_ID]
        lease_until = str(int((bench.clock.now() + TIMES.lease) * 1000))
        item |= {"status": {"S": "processing"}, "lease_owner": {"S": owner}, "lease_until": {"N": lease_until}}
        item.pop("result", None)

    return held


def _gate(head: str) -> Callable[[Bench], None]:
    def closed(bench: Bench) -> None:
        gate = {"key": GROUP, "place": "gate", "ordering_key": GROUP, "head": head, "closed_at": "2027-01-15"}
        item = {name: {"S": value} for name, value in gate.items()}
        bench.world.gates.items[GROUP, "gate"] = {**item, "parked": {"N": "0"}}

    return closed


def _handed_over(bench: Bench) -> None:
    bench.deliver(shipped_machine())
    item = bench.world.table.items[TASK_ID]
    item |= {"status": {"S": "processing"}, "lease_owner": {"S": "long"}, "lease_until": {"N": "9" * 15}}


_OWN_EXECUTION = "execution-2:execution-2"
_MISSING_PROCESSOR = Injection(
    state="ProcessTask", error="Lambda.ResourceNotFoundException", cause="not found", always=True, has_effect=False
)
_UNKNOWN_TYPE = Injection(
    state="ProcessTask", error="TaskTypeUnavailable", cause="not known", always=True, has_effect=False
)
SITUATIONS = (
    Situation(name="a valid task"),
    Situation(name="a transient failure, then success", plan=("NETWORK", OK)),
    Situation(name="a permanent failure", plan=("VALIDATION",)),
    Situation(name="transient failures until retries end", plan=("SYSTEM",)),
    Situation(name="a malformed message", body="{not JSON"),
    Situation(name="a task that has succeeded", before=_delivered_before),
    Situation(name="a task that has failed", plan=("VALIDATION",), before=_delivered_before),
    Situation(name="an old message of a redriven task", plan=("VALIDATION",), before=_redriven),
    Situation(name="a task that another execution has claimed", before=_lease("another")),
    Situation(name="its own claim, whose response was lost", before=_lease(_OWN_EXECUTION)),
    Situation(name="a failure that halts its key", plan=("VALIDATION",), type=STRICT),
    Situation(name="a task behind a closed gate", before=_gate("another")),
    Situation(name="the head of a gate", before=_gate(TASK_ID)),
    Situation(name="a task that takes long", type=LONG),
    Situation(name="a task that takes long and was handed over", type=LONG, before=_handed_over),
    Situation(name="a missing processor", meanwhile=(_MISSING_PROCESSOR,)),
    Situation(name="a processor that does not know its type", meanwhile=(_UNKNOWN_TYPE,)),
)


def situations_that_reach(state: str) -> list[Situation]:
    """The situations in which a Task state makes its call."""
    return [situation for situation in SITUATIONS if state in _reached(situation)]


@cache
def _reached(situation: Situation) -> frozenset[str]:
    bench = Bench(situation)
    bench.deliver(shipped_machine(), *situation.meanwhile)
    return frozenset(bench.reached)


def task_states() -> list[str]:
    """The machine's Task states."""
    return [name for name, state in raw_definition()["States"].items() if state["Type"] == "Task"]


def named_by(*states: str) -> set[str]:
    """The errors that these states name."""
    definitions = raw_definition()["States"]
    clauses = [
        clause for name in states for field in ("Retry", "Catch") for clause in definitions[name].get(field, ())
    ]
    return {error for clause in clauses for error in clause["ErrorEquals"]} - WILDCARDS


def errors() -> list[str]:
    """Every error that the machine names anywhere, and some that it does not name."""
    return sorted(named_by(*raw_definition()["States"]) | set(UNNAMED))


def different_errors(state: str) -> list[str]:
    """Those that the state may treat differently: to a state, all that it does not name are one, but for a few."""
    return sorted(named_by(state) | set(DIFFERENT))


def injections(state: str, of: Sequence[str] = ()) -> Iterator[Injection]:
    """Every error of a Task state: once or always, with or without the call's effect, with each possible cause.

    `of` are the errors, those that make a difference by default.
    """
    for error in of or different_errors(state):
        for cause in CAUSES if error.startswith("Task") else CAUSES[:1]:
            for always in (False, True):
                for has_effect in (False, True):
                    yield Injection(state=state, error=error, cause=cause, always=always, has_effect=has_effect)


def expressions() -> list[tuple[str | int, ...]]:
    """The position of every JSONata expression in the definition."""
    return list(_positions(raw_definition()["States"], ("States",)))


def _positions(node: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    if isinstance(node, str) and node.startswith("{%"):
        yield path
    elif isinstance(node, dict):
        for name, value in node.items():  # pyright: ignore[reportUnknownVariableType]
            yield from _positions(value, (*path, name))  # pyright: ignore[reportUnknownArgumentType]
    elif isinstance(node, list):
        for index, value in enumerate(node):  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
            yield from _positions(value, (*path, index))


def machine_without_dead_letter() -> Machine:
    """The shipped machine, except that it ignores a dead letter that could not be sent."""
    definition: Any = copy.deepcopy(shipped_definition())
    definition["States"]["SendToDeadLetterQueue"]["Catch"] = [{"ErrorEquals": ["States.ALL"], "Next": "TaskFailed"}]
    return Machine.load(definition)


def machine_broken_at(position: tuple[str | int, ...]) -> Machine:
    """The shipped machine with an expression that throws at this position."""
    definition: Any = copy.deepcopy(shipped_definition())
    node = definition
    for step in position[:-1]:
        node = node[step]
    node[position[-1]] = "{% $error('broken') %}"
    return Machine.load(definition)


def broken_promises(
    situation: Situation, machine: Machine, *injections: Injection, fixed: Machine | None = None
) -> Iterator[str]:
    """A sentence for each message that was deleted without an outcome, or that redelivery does not bring to one.

    It is delivered to `machine`, and again to the `fixed` one, which is the shipped one unless it is another's turn.
    """
    fixed = fixed or shipped_machine()
    bench = Bench(situation)
    outcome = bench.deliver(machine, *injections, *situation.meanwhile)
    if outcome.status is ExecutionStatus.SUCCEEDED and not _may_be_deleted(situation, bench, fixed):
        yield f"{situation.name}, {injections}: the message was deleted, and its task is {bench.world.record(TASK_ID)}"
    if outcome.status is not ExecutionStatus.SUCCEEDED:
        again = bench.deliver(fixed)
        if again.status is not ExecutionStatus.SUCCEEDED or not _may_be_deleted(situation, bench, fixed):
            yield f"{situation.name}, {injections}: delivered again to the fixed machine, it ended with {again}"


def _may_be_deleted(situation: Situation, bench: Bench, fixed: Machine) -> bool:
    superseded = situation.before is _redriven and bench.world.record(TASK_ID).get("status") == "queued"
    return superseded or bench.outcome_is_recorded() or _can_be_redriven(bench, fixed)


def _can_be_redriven(bench: Bench, fixed: Machine) -> bool:
    """Whether a redrive of its dead letter and the fixed machine bring the task to its outcome."""
    bench.redrive()
    if not bench.world.queue.messages:
        return False
    bench.deliver(fixed)
    return bench.outcome_is_recorded()
