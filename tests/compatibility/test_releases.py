"""An update changes machine and functions while executions are under way: each understands the other's release."""

import json
import logging
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest

from asl import ExecutionStatus, Machine
from functions import processor
from tests.compatibility.releases import PLANS, answer, answers, previous_has, previous_machine
from tests.simulation.every_error import (
    SITUATIONS,
    TASK_ID,
    Bench,
    Injection,
    Situation,
    broken_promises,
    shipped_machine,
    task_states,
)
from tests.simulation.run import shipped_definition
from tests.simulation.world.work import OK

HANDED_OVER = "a task that takes long and was handed over"
pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")

# What the previous release has no word for: it knows no gates, and so no parked task, and hands nothing over.
ONLY_KEPT = {
    *(() if previous_has("CheckGate") else [("a task behind a closed gate", "ParkTask")]),
    *(() if previous_has("HandOver") else [(HANDED_OVER, "CheckGate"), (HANDED_OVER, "LookUpTask")]),
}


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def ends(machine: Machine, plan: str) -> tuple[ExecutionStatus, Any, Any]:
    """How a task of this plan ends."""
    bench = Bench(Situation(name=plan, plan=(plan,)))
    outcome = bench.deliver(machine)
    record = bench.world.record(TASK_ID)
    return outcome.status, record["status"], record.get("error", {}).get("class")


@pytest.mark.parametrize("plan", PLANS)
def test_the_previous_machine_runs_tasks_with_the_new_functions(plan: str) -> None:
    assert ends(previous_machine(), plan) == ends(shipped_machine(), plan)


@pytest.mark.parametrize("plan", PLANS)
def test_the_new_machine_understands_what_the_previous_processor_answers(plan: str) -> None:
    expected = ends(shipped_machine(), plan)
    recorded = answers()[plan]
    with mock.patch.object(processor, "handler", replaying(recorded)):
        assert ends(shipped_machine(), plan) == expected


def replaying(recorded: dict[str, Any]) -> Any:
    """The previous processor: it answers every run like this."""

    def handler(event: dict[str, Any], context: Any) -> Any:
        if "payload" in recorded:
            return recorded["payload"]
        message = json.loads(recorded["cause"])["errorMessage"]
        raise type(recorded["error"], (Exception,), {})(message)

    return handler


@pytest.mark.parametrize("plan", PLANS)
def test_the_new_machine_tells_the_previous_processor_all_that_it_reads(plan: str) -> None:
    known, sent = answers()[plan]["event"], answer(plan)["event"]
    assert sent.keys() >= known.keys()
    assert {name: type(sent[name]) for name in known} == {name: type(value) for name, value in known.items()}


def dying_in(state: str) -> Injection:
    """The execution ends in this state, as one does whose Lambda, table or queue is gone."""
    return Injection(state=state, error="Unknown.Error", cause="it is gone", always=True, has_effect=True)


@pytest.mark.parametrize("state", task_states())
@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.name)
def test_what_an_execution_of_one_release_left_unfinished_the_other_brings_to_its_outcome(
    situation: Situation, state: str
) -> None:
    """An update, and the way back."""
    previous, shipped, dying = previous_machine(), shipped_machine(), dying_in(state)
    assert list(broken_promises(situation, previous, dying, fixed=shipped)) == []
    if (situation.name, state) in ONLY_KEPT:
        assert_message_is_kept(situation, dying)
    else:
        assert list(broken_promises(situation, shipped, dying, fixed=previous)) == []


def assert_message_is_kept(situation: Situation, dying: Injection) -> None:
    """The previous machine puts it back, and the shipped one, deployed again, brings the task to its outcome."""
    bench = Bench(situation)
    assert bench.deliver(shipped_machine(), dying).status is not ExecutionStatus.SUCCEEDED
    assert bench.deliver(previous_machine()).status is not ExecutionStatus.SUCCEEDED
    assert bench.deliver(shipped_machine()).status is ExecutionStatus.SUCCEEDED
    assert bench.outcome_is_recorded()


def test_an_incompatible_machine_is_noticed() -> None:
    """What these tests are for: a machine that expects something else of its processor."""
    definition: Any = json.loads(json.dumps(shipped_definition()))
    definition["States"]["ProcessTask"]["Output"] = {"result": "{% $states.result.Payload.outcome %}"}
    with mock.patch.object(processor, "handler", replaying(answers()[OK])):
        status, _, _ = ends(Machine.load(definition), OK)
    assert status is not ExecutionStatus.SUCCEEDED
