"""Deliberate mistakes, made one at a time. The simulation must catch each of them, or its promises prove nothing."""

import functools
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any
from unittest import mock

from asl import Machine
from functions import processor
from functions.tasks.errors import TaskError
from functions.tasks.intake.ordering import DefaultOrdering
from functions.tasks.retry import RetryPolicy
from statemachine.budget import successors
from tests.simulation.mistakes.cancelling import CANCEL_MISTAKES, CANCEL_MISTAKES_IN_DEFINITION
from tests.simulation.mistakes.counting import COUNTING_MISTAKES
from tests.simulation.mistakes.gates import GATE_MISTAKES, GATE_MISTAKES_IN_DEFINITION, GATE_PLANS
from tests.simulation.mistakes.idempotency import IDEMPOTENCY_MISTAKES
from tests.simulation.mistakes.lanes import LANE_MISTAKES, forgets_the_generation, forgets_the_lane
from tests.simulation.mistakes.listing import LISTING_MISTAKES
from tests.simulation.mistakes.long import (
    LONG_MACHINE_MISTAKES,
    LONG_MISTAKES,
    LONG_MISTAKES_IN_DEFINITION,
    LONG_PLANS,
)
from tests.simulation.mistakes.messages import MESSAGE_MISTAKES
from tests.simulation.mistakes.ordering import ORDERING_MISTAKES
from tests.simulation.mistakes.redrive import REDRIVE_MISTAKES
from tests.simulation.mistakes.tenancy import TENANCY_MISTAKES
from tests.simulation.mistakes.throttling import (
    CRASHING,
    THROTTLING_MISTAKES_IN_DEFINITION,
    redrives_with_the_old_deliveries,
)
from tests.simulation.run import System, shipped_definition, shipped_long_definition
from tests.simulation.world.faults import FaultPlan

Definition = dict[str, Any]
# Executions freeze past their lease and then find that the processor does not exist.
FREEZING = FaultPlan(call=0.3, crash=0.0, lost_delete=0.0, duplicate=0.3, freeze=0.8)
# Messages stay in the queue although they were processed, or come again meanwhile.
REPEATING = FaultPlan(call=0.0, crash=0.1, lost_delete=0.6, duplicate=0.3, freeze=0.0)


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """A mistake in the definition, or in the code while `patched` is active."""

    system: System
    patched: Callable[[], AbstractContextManager[object]]


def _in_definition(
    change: Callable[[Mapping[str, Any]], object],
    *,
    fault_plan: FaultPlan | None = None,
    operators: bool | None = None,
    cancelling_client: bool | None = None,
    lanes: bool = False,
    gates: bool = False,
    long: bool = False,
) -> Mistake:
    definition: Definition = shipped_definition()
    change(definition["States"])
    _drop_unreachable(definition)
    machine = Machine.load(definition)
    system = System(
        machine=machine,
        fault_plan=fault_plan,
        operators=operators,
        cancelling_client=cancelling_client,
        lanes=lanes,
        gates=gates,
        long=long,
    )
    return Mistake(system=system, patched=nullcontext)


def _in_long_definition(change: Callable[[Mapping[str, Any]], object], fault_plan: FaultPlan | None) -> Mistake:
    definition: Definition = shipped_long_definition()
    change(definition["States"])
    _drop_unreachable(definition)
    machine = Machine.load(definition, "STANDARD")
    return Mistake(
        system=System(long_machine=machine, fault_plan=fault_plan, gates=True, long=True), patched=nullcontext
    )


def _drop_unreachable(definition: Definition) -> None:
    """Drop the states that the mistake cut off: a definition with unreachable states is refused."""
    reached, frontier = set[str](), [definition["StartAt"]]
    while frontier:
        name = frontier.pop()
        if name not in reached:
            reached.add(name)
            frontier += successors(definition["States"][name])
    definition["States"] = {name: state for name, state in definition["States"].items() if name in reached}


def _in_code(
    patched: Callable[[], AbstractContextManager[object]],
    *,
    fault_plan: FaultPlan | None = None,
    operators: bool | None = None,
    retrying_clients: bool | None = None,
    cancelling_client: bool | None = None,
    onlooker: bool | None = None,
    ordering: DefaultOrdering | None = None,
    lanes: bool = False,
    gates: bool = False,
    long: bool = False,
) -> Mistake:
    system = System(
        fault_plan=fault_plan,
        operators=operators,
        retrying_clients=retrying_clients,
        cancelling_client=cancelling_client,
        onlooker=onlooker,
        ordering=ordering,
        lanes=lanes,
        gates=gates,
        long=long,
    )
    return Mistake(system=system, patched=patched)


def _without_condition(state: str, fault_plan: FaultPlan | None = None) -> Mistake:
    def change(states: Any) -> None:
        del states[state]["Arguments"]["ConditionExpression"]
        values = states[state]["Arguments"]["ExpressionAttributeValues"]
        for name in [name for name in (":queued", ":now_ms") if state == "ClaimTask" and name in values]:
            del values[name]

    return _in_definition(change, fault_plan=fault_plan)


def _releases_any_lease(states: Any) -> None:
    arguments = states["ReturnToQueue"]["Arguments"]
    del arguments["ConditionExpression"]
    # A record that is finished counts no deliveries: taking one off would be an invalid write.
    arguments["UpdateExpression"] = arguments["UpdateExpression"].replace(" deliveries = deliveries - :uncounted,", "")
    del arguments["ExpressionAttributeValues"][":uncounted"]


def _without_catch(state: str, error: str) -> Mistake:
    def change(states: Any) -> None:
        for catcher in states[state]["Catch"]:
            if error in catcher["ErrorEquals"]:
                catcher["ErrorEquals"] = [name for name in catcher["ErrorEquals"] if name != error]
        states[state]["Catch"] = [catcher for catcher in states[state]["Catch"] if catcher["ErrorEquals"]]

    return _in_definition(change)


def _never_retries(states: Any) -> None:
    states["DecideOnRetry"]["Choices"][0]["Condition"] = False


def _repeats_the_attempt(states: Any) -> None:
    states["ProcessTask"]["Catch"][0]["Assign"]["attempt"] = "{% $attempt %}"


def _restarts_the_count_of_runs(states: Any) -> None:
    states["ProcessTask"]["Arguments"]["Payload"]["run"] = 1


def _stops_retrying_early() -> AbstractContextManager[object]:
    return mock.patch.object(RetryPolicy, "_runs", return_value=3)


def _retries_permanent_failures() -> AbstractContextManager[object]:
    return mock.patch.object(RetryPolicy, "retry_in", return_value=0.5)


def _claims_despite_a_lease(states: Any) -> None:
    arguments = states["ClaimTask"]["Arguments"]
    arguments["ConditionExpression"] = "attribute_not_exists(task_id) OR #status = :queued OR #status = :processing"


def _never_takes_over_expired_leases(states: Any) -> None:
    states["ClaimTask"]["Arguments"]["ConditionExpression"] = "attribute_not_exists(task_id) OR #status = :queued"


def _claims_failed_tasks(states: Any) -> None:
    arguments = states["ClaimTask"]["Arguments"]
    arguments["ConditionExpression"] += " OR #status = :failed"
    arguments["ExpressionAttributeValues"][":failed"] = {"S": "failed"}


def _treats_a_task_in_progress_as_done(states: Any) -> None:
    states["DecideOnDuplicate"]["Default"] = "AlreadyDone"
    states["LookUpTask"]["Catch"][0]["Next"] = "AlreadyDone"


def _sends_no_dead_letter(states: Any) -> None:
    states["RecordFailure"]["Next"] = "TaskFailed"


def _skips_the_dead_letter_after_a_crash(states: Any) -> None:
    for choice in states["DecideOnDuplicate"]["Choices"]:
        if choice["Next"] == "SendToDeadLetterQueue":
            choice["Next"] = "AlreadyDone"


def _sends_a_dead_letter_per_delivery(states: Any) -> None:
    arguments = states["SendToDeadLetterQueue"]["Arguments"]
    arguments["MessageDeduplicationId"] = "{% $states.context.Execution.Name %}"


def _sends_a_dead_letter_without_the_message(states: Any) -> None:
    states["SendToDeadLetterQueue"]["Arguments"]["MessageBody"]["message"] = {"body": ""}


def _counts_no_retries(states: Any) -> None:
    states["ProcessTask"]["Assign"]["attempts"] = "{% $first_attempt %}"


def _claims_a_redriven_task_for_any_message(states: Any) -> None:
    arguments = states["ClaimTask"]["Arguments"]
    own_message = "(attribute_not_exists(redrive_id) OR redrive_id = :deduplication_id)"
    arguments["ConditionExpression"] = arguments["ConditionExpression"].replace(
        f"(#status = :queued AND {own_message})", "#status = :queued"
    )


def _keeps_superseded_messages(states: Any) -> None:
    choices = states["DecideOnDuplicate"]["Choices"]
    states["DecideOnDuplicate"]["Choices"] = [choice for choice in choices if choice["Next"] != "Superseded"]


def _does_not_index_failures(states: Any) -> None:
    arguments = states["RecordFailure"]["Arguments"]
    arguments["UpdateExpression"] = arguments["UpdateExpression"].replace(", failed_key = ordering_key", "")


def _replaces_the_sequence_number(states: Any) -> None:
    arguments = states["ClaimTask"]["Arguments"]
    arguments["UpdateExpression"] = arguments["UpdateExpression"].replace(
        "if_not_exists(sequence_number, :sequence)", ":sequence"
    )


def _swallows_errors() -> AbstractContextManager[object]:
    process = processor.process

    def swallowing(body: str, **named: Any) -> str:
        try:
            return process(body, **named)
        except TaskError:
            return "null"

    return mock.patch.object(processor, "process", swallowing)


MISTAKES: Mapping[str, Callable[[], Mistake]] = {
    "the claim has no condition": lambda: _without_condition("ClaimTask"),
    "the claim ignores the lease": lambda: _in_definition(_claims_despite_a_lease),
    "the claim never takes over an expired lease": lambda: _in_definition(_never_takes_over_expired_leases),
    "the claim takes failed tasks": lambda: _in_definition(_claims_failed_tasks),
    "a rejected claim does not look up the task": lambda: _without_catch(
        "ClaimTask", "DynamoDB.ConditionalCheckFailedException"
    ),
    "a task in progress counts as done": lambda: _in_definition(_treats_a_task_in_progress_as_done),
    "a success is recorded without fencing": lambda: _without_condition("RecordResult"),
    "a failure is recorded without fencing": lambda: _without_condition("RecordFailure"),
    "a lease is released without fencing": lambda: _in_definition(_releases_any_lease, fault_plan=FREEZING),
    "a permanent failure is not caught": lambda: _without_catch("ProcessTask", "TaskValidationError"),
    "a transient failure is not caught after its last retry": lambda: _without_catch(
        "ProcessTask", "TaskNetworkError"
    ),
    "an unknown failure is not caught": lambda: _without_catch("ProcessTask", "TaskUnknownError"),
    "nothing is retried": lambda: _in_definition(_never_retries),
    "a retry repeats the attempt number": lambda: _in_definition(_repeats_the_attempt),
    "every run counts as the first": lambda: _in_definition(_restarts_the_count_of_runs),
    "retries end too early": lambda: _in_code(_stops_retrying_early),
    "permanent failures are retried": lambda: _in_code(_retries_permanent_failures),
    "a failure sends no dead letter": lambda: _in_definition(_sends_no_dead_letter),
    "the dead letter of a crashed execution is never sent": lambda: _in_definition(
        _skips_the_dead_letter_after_a_crash
    ),
    "each delivery sends another dead letter": lambda: _in_definition(_sends_a_dead_letter_per_delivery),
    "a dead letter lacks the original message": lambda: _in_definition(_sends_a_dead_letter_without_the_message),
    "retries are not counted": lambda: _in_definition(_counts_no_retries),
    **{name: functools.partial(_in_code, patched) for name, patched in MESSAGE_MISTAKES.items()},
    "the processor runs tasks without a lease": lambda: _in_code(
        lambda: mock.patch.object(processor, "refuse_without_lease")
    ),
    "the processor swallows errors": lambda: _in_code(_swallows_errors),
    "an old message claims a redriven task": lambda: _in_definition(
        _claims_a_redriven_task_for_any_message, fault_plan=REPEATING, operators=True
    ),
    "an old message of a redriven task is never deleted": lambda: _in_definition(
        _keeps_superseded_messages, operators=True
    ),
    "a failed task is not indexed": lambda: _in_definition(_does_not_index_failures, operators=True),
    "a redriven task loses its position": lambda: _in_definition(_replaces_the_sequence_number, operators=True),
    **{name: functools.partial(_in_code, patched, operators=True) for name, patched in REDRIVE_MISTAKES.items()},
    "a redriven task keeps its count of deliveries": lambda: _in_code(
        redrives_with_the_old_deliveries, fault_plan=CRASHING, operators=True
    ),
    **{
        name: functools.partial(_in_definition, change, fault_plan=plan, operators=False)
        for name, (change, plan) in THROTTLING_MISTAKES_IN_DEFINITION.items()
    },
    **{
        name: functools.partial(_in_code, patched, retrying_clients=True)
        for name, patched in IDEMPOTENCY_MISTAKES.items()
    },
    **{
        name: functools.partial(_in_code, patched, cancelling_client=True) for name, patched in CANCEL_MISTAKES.items()
    },
    **{name: functools.partial(_in_code, patched, onlooker=True) for name, patched in TENANCY_MISTAKES.items()},
    **{name: functools.partial(_in_code, patched) for name, patched in COUNTING_MISTAKES.items()},
    **{name: functools.partial(_in_code, patched, operators=True) for name, patched in LISTING_MISTAKES.items()},
    **{
        name: functools.partial(_in_code, patched, operators=True, ordering=DefaultOrdering.UNORDERED)
        for name, patched in ORDERING_MISTAKES.items()
    },
    **{
        name: functools.partial(_in_code, patched, fault_plan=plan, lanes=True)
        for name, (patched, plan) in LANE_MISTAKES.items()
    },
    **{
        name: functools.partial(_in_code, patched, fault_plan=GATE_PLANS.get(name), gates=True)
        for name, patched in GATE_MISTAKES.items()
    },
    **{
        name: functools.partial(_in_definition, change, fault_plan=GATE_PLANS.get(name), gates=True)
        for name, change in GATE_MISTAKES_IN_DEFINITION.items()
    },
    **{
        name: functools.partial(_in_code, patched, fault_plan=LONG_PLANS.get(name), gates=True, long=True)
        for name, patched in LONG_MISTAKES.items()
    },
    **{
        name: functools.partial(_in_long_definition, change, LONG_PLANS.get(name))
        for name, change in LONG_MACHINE_MISTAKES.items()
    },
    **{
        name: functools.partial(_in_definition, change, fault_plan=LONG_PLANS.get(name), gates=True, long=True)
        for name, change in LONG_MISTAKES_IN_DEFINITION.items()
    },
    "a redrive does not know old lanes from new ones": lambda: _in_definition(
        forgets_the_generation, operators=True, lanes=True
    ),
    "a redrive takes tasks of two lanes for one": lambda: _in_definition(forgets_the_lane, operators=True, lanes=True),
    **{
        name: functools.partial(_in_definition, change, cancelling_client=True)
        for name, change in CANCEL_MISTAKES_IN_DEFINITION.items()
    },
}

RARELY_CAUGHT = frozenset(
    {
        "an old message claims a redriven task",
        "redrive sends undelivered messages before the failures ahead of them",
        "deliveries are not limited after a lost reply to the claim",
    }
)
"""Mistakes that one schedule in hundreds or thousands catches, so that a search for them takes many minutes."""
