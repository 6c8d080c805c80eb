"""What a test gets: one pipeline of its own, in its own process, on virtual time.

def test_an_invoice_is_rendered(taskline: Taskline) -> None:
    task = taskline.submit("invoice.render", {"number": 7})
    taskline.settle()
    assert task.result == {"pages": 1}
"""

import random
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any

from functions.tasks.clock import uuid7
from functions.tasks.intake.ordering import DefaultOrdering
from functions.tasks.registry import Registry, halting, long_types
from infrastructure.settings.times import runs_of
from testing import findings
from testing.pipeline.api import Refused, RequestHandlers, Sent
from testing.pipeline.deliveries import Deliveries, Machines, NotSettled
from testing.pipeline.executions import Execution, StateCalls
from testing.pipeline.faults import ALWAYS, Fault, Faults, Kind
from testing.pipeline.machine import chain_of_times, long_machine, machine
from testing.pipeline.runs import RealTimeWarning, Run, Runs
from testing.pipeline.types import TypesOfATest
from testing.pipeline.world import START, World
from testing.services.calls import send_dead_letter
from testing.tasks import Failure, SubmittedTask, new_task

__all__ = ["ALWAYS", "Failure", "NotSettled", "RealTimeWarning", "Refused", "Run", "SubmittedTask", "Taskline"]
__all__ += ["new_task"]

WITHIN = 4 * 3600.0
"""The virtual seconds that `settle` allows: enough for a task whose executions all die, which takes minutes each."""


class Taskline:
    """A pipeline: the shipped handlers, state machine and processor, with table and queues in memory.

    `types` are the task types besides those that ship, which `task_type` adds to. A run may take `handler_seconds`.
    `ordering` is what a task without a key means. All chance follows from `seed`. As a context manager it checks at
    the end what the fixture checks.
    """

    def __init__(
        self,
        *,
        types: Registry | None = None,
        handler_seconds: int = 30,
        ordering: DefaultOrdering = DefaultOrdering.ONE_KEY,
        seed: int = 0,
    ) -> None:
        chance = random.Random(seed)
        self.types: Registry = TypesOfATest() if types is None else types
        self.task_type = self.types.task_type
        self.world = World()
        self.faults = Faults(findings.task_states())
        self.api = RequestHandlers(self.world, self.types, self.faults, chance, ordering)
        self.tasks: list[SubmittedTask] = []
        self._handler_seconds = handler_seconds
        self._chance = chance
        self._all_runs = Runs(types=self.types, world=self.world, draw=chance.random, handler_seconds=handler_seconds)
        self._tried: list[Run] = []
        self._deliveries = Deliveries(self.world, StateCalls(self._calls(), self.faults))

    def _calls(self) -> dict[tuple[str, str], Callable[[Any], Any]]:
        return {
            ("dynamodb", "updateItem"): self.world.tables.update_item,
            ("dynamodb", "getItem"): self.world.tables.get_item,
            ("aws-sdk:dynamodb", "transactWriteItems"): self.world.tables.transact_write_items,
            ("sqs", "sendMessage"): lambda request: send_dead_letter(self.world.dead_letters, request),
            ("states", "startExecution"): self.world.executions.start,
            ("lambda", "invoke"): lambda request: self._all_runs.invoke(request["Payload"]),
        }

    # One run

    def run(self, type: str, data: Mapping[str, Any] | None = None, *, attempt: int = 1, **fields: Any) -> Run:  # noqa: A002 the field's name
        """One run as the processor makes it, without queue and record: validation, error class, limits, redaction."""
        now = self.world.clock.now()
        task_id = fields.pop("task_id", None) or uuid7(int(now * 1000), self._chance.randbytes(10))
        event = {
            "task_id": task_id,
            "body": findings.as_body({**new_task(type, data, **fields), "task_id": task_id}),
            "attempt": attempt,
            "run": attempt,
            "execution": "a single run",
            "lease_until": int((now + self._handler_seconds + 60) * 1000),
        }
        self._all_runs.invoke(event)
        run = self._all_runs.made.pop()
        self._tried.append(run)
        return run

    # Whole tasks

    def submit(
        self,
        type: str,  # noqa: A002 the field's name
        data: Mapping[str, Any] | None = None,
        *,
        caller: str | None = None,
        idempotency_key: str | None = None,
        **fields: Any,
    ) -> SubmittedTask:
        """POST /tasks: the accepted task, or `Refused`. `settle` runs it."""
        sent = Sent(method="POST", resource="/tasks", caller=caller, headers=_headers(idempotency_key))
        return self._accepted(self.api.submit(sent, new_task(type, data, **fields))["task_id"], caller)

    def submit_batch(
        self, tasks: Sequence[Mapping[str, Any]], *, caller: str | None = None, idempotency_key: str | None = None
    ) -> list[SubmittedTask]:
        """POST /tasks/batch with tasks that `new_task` makes; `Refused` for the first that is, others are accepted."""
        sent = Sent(method="POST", resource="/tasks/batch", caller=caller, headers=_headers(idempotency_key))
        results = self.api.submit(sent, {"tasks": list(tasks)})["results"]
        accepted = [self._accepted(one["task"]["task_id"], caller) for one in results if one["status"] == 202]
        for result in results:
            if result["status"] != 202:
                raise Refused(result["status"], result["problem"])
        return accepted

    def send(self, body: str, *, group: str = "task-processing") -> None:
        """Put a message into the queue, as a producer that bypasses the API."""
        self.world.queue.send(body, group, f"sent-{len(self.world.queue.messages)}-{self.elapsed}")

    def settle(self, within: float = WITHIN) -> None:
        """Process until nothing is left to do; virtual time passes. `NotSettled` after `within` virtual seconds."""
        runs = runs_of(self.types.types(), self._handler_seconds)
        times = chain_of_times(self._handler_seconds, frozenset(one._replace(type="", pool="") for one in runs))
        types = self.types.types()
        machines = Machines(machine(times, halting(types), long_types(types)), long_machine(types))
        self._deliveries.settle(machines, times.visibility, within)

    def redrive(self, **filters: Any) -> list[str]:
        """POST /redrive, as an operator: the ids of the tasks that were redriven. `settle` then runs them."""
        return self.api.redrive(filters)

    # Faults and time

    def fault(
        self,
        step: str,
        error: str = "Unknown.Error",
        *,
        cause: str = "a fault of the test",
        times: int = 1,
        has_effect: bool = False,
        task: SubmittedTask | None = None,
    ) -> None:
        """Let the next calls of a state (`RecordResult`) or of the handlers (`PutItem`) fail with this error.

        With `has_effect`, the call takes effect all the same. `task` limits it to the executions of one task.
        """
        self._fault(Kind.ERROR, step, times, task, has_effect=has_effect, error=error, cause=cause)

    def lost_reply(
        self, step: str, *, times: int = 1, has_effect: bool = True, task: SubmittedTask | None = None
    ) -> None:
        """Let the next calls take effect without anybody hearing of it: the caller waits until it times out."""
        self._fault(Kind.LOST_REPLY, step, times, task, has_effect=has_effect)

    def crash(self, step: str, *, times: int = 1, has_effect: bool = False, task: SubmittedTask | None = None) -> None:
        """Let the next executions that reach a state end there without a word. Their messages are delivered again."""
        self._fault(Kind.CRASH, step, times, task, has_effect=has_effect)

    def _fault(self, kind: Kind, step: str, times: int, task: SubmittedTask | None, **about: Any) -> None:
        task_id = task.task_id if task else ""
        self.faults.add(Fault(step=step, kind=kind, times=times, task_id=task_id, **about))

    def takes(self, type: str, seconds: float) -> None:  # noqa: A002 the field's name
        """Let each run of a type take this much virtual time; more than `handler_seconds` is a timeout."""
        self._all_runs.takes[type] = seconds

    def secret(self, name: str, value: str) -> None:
        """Give a secret a value, for the types that declare it."""
        self._all_runs.secrets[name] = value

    def at(self, seconds: float, call: Callable[[], object]) -> None:
        """Make a call during `settle`, this many seconds from now: submit, cancel, or look at something."""
        self._deliveries.plan(self.world.clock.now() + seconds, call)

    def skip(self, seconds: float) -> None:
        """Let time pass in which nothing happens."""
        self.world.clock.skip_to(self.world.clock.now() + seconds)

    @property
    def elapsed(self) -> float:
        """The virtual seconds since the start of the test."""
        return self.world.clock.now() - START

    # What happened

    @property
    def executions(self) -> list[Execution]:
        """All executions, in the order of their starts."""
        return self._deliveries.executions

    @property
    def runs(self) -> list[Run]:
        """All runs of tasks' functions in executions, in the order of their starts."""
        return self._all_runs.made

    @property
    def dead_letters(self) -> list[dict[str, Any]]:
        """The messages in the dead-letter queue, the earliest first."""
        return self.world.letters()

    @property
    def transitions(self) -> set[tuple[str, str]]:
        """Each state that an execution was in, with the state that followed."""
        return findings.transitions(self.executions)

    def assert_order(self, *tasks: SubmittedTask) -> None:
        """That tasks of one ordering key ran one after the other, in the order in which they were submitted.

        Without `tasks`, it is asked of all. Runs after a redrive are not compared.
        """
        __tracebackhide__ = True
        findings.assert_order(tasks or tuple(self.tasks), self.runs)

    def check(self) -> None:
        """That no task failed without the test looking at it, and that every fault happened. The fixture calls it."""
        __tracebackhide__ = True
        findings.assert_seen(self.tasks, self._tried)
        findings.assert_used(self.faults)

    def __enter__(self) -> "Taskline":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        __tracebackhide__ = True
        if kind is None:
            self.check()

    def _accepted(self, task_id: str, caller: str | None) -> SubmittedTask:
        known = next((task for task in self.tasks if task.task_id == task_id), None)
        if known is None:
            known = SubmittedTask(self, task_id, caller)
            self.tasks.append(known)
        return known


def _headers(idempotency_key: str | None) -> dict[str, str]:
    return {"Idempotency-Key": idempotency_key} if idempotency_key else {}
