"""Every error in every state of the machine ends in a recorded outcome or keeps the message."""

import logging
from collections.abc import Iterator

import pytest

from statemachine.loader import raw_definition
from tests.simulation.every_error import (
    SITUATIONS,
    broken_promises,
    errors,
    expressions,
    injections,
    machine_broken_at,
    machine_without_dead_letter,
    shipped_machine,
    situations_that_reach,
    task_states,
)

pytestmark = [pytest.mark.check, pytest.mark.filterwarnings("ignore:No application metrics to publish")]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.nightly)], ids=["different", "every"])
@pytest.mark.parametrize("state", task_states())
def test_every_error_of_a_state_ends_in_an_outcome_or_keeps_the_message(state: str, every: bool) -> None:
    situations = situations_that_reach(state)
    broken = [
        promise
        for situation in situations
        for injection in injections(state, errors() if every else ())
        for promise in broken_promises(situation, shipped_machine(), injection)
    ]
    assert situations, "no situation reaches this state, so nothing is proved about it"
    assert broken == []


@pytest.mark.parametrize("state", raw_definition()["States"])
def test_an_expression_that_throws_ends_in_an_outcome_or_keeps_the_message(state: str) -> None:
    broken = [
        f"{'/'.join(map(str, position))}: {promise}"
        for position in expressions()
        if position[1] == state
        for machine in [machine_broken_at(position)]
        for situation in situations_that_reach(state) or SITUATIONS  # only Task states are noted
        for promise in broken_promises(situation, machine)
    ]
    assert broken == []


def test_a_machine_that_skips_a_dead_letter_is_caught() -> None:
    state, machine = "SendToDeadLetterQueue", machine_without_dead_letter()
    assert any(
        promise
        for situation in situations_that_reach(state)
        for injection in injections(state)
        for promise in broken_promises(situation, machine, injection)
    )
