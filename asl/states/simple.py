"""States that take no time: Pass, Succeed, Fail and Choice."""

from typing import NoReturn

from asl.core.errors import StateFailed
from asl.definition.model import ChoiceState, FailState, PassState, SucceedState
from asl.states.visit import Transition, Visit


def run_pass(visit: Visit, state: PassState | SucceedState) -> Transition:
    """Pass on the input, or the value of `Output`, `Parameters` or `Result`."""
    frame = visit.frame()
    value = visit.arguments(frame)
    if isinstance(state, PassState) and state.result is not None:
        value = state.result.source
    return visit.leave(frame, value, state.next, state.output, state.assign)


def run_fail(visit: Visit, state: FailState) -> NoReturn:
    """Fail. A field that is absent stays absent in the outcome."""
    frame = visit.frame()
    error = None if state.error is None else visit.evaluate(state.error, frame, "string")
    cause = None if state.cause is None else visit.evaluate(state.cause, frame, "string")
    raise StateFailed(error, cause)


def run_choice(visit: Visit, state: ChoiceState) -> Transition:
    """Go on as the first true condition says, or to `Default`."""
    frame = visit.frame()
    for rule in state.rules:
        if visit.evaluate(rule.condition, frame, "boolean"):
            return visit.leave(frame, visit.effective, rule.next, rule.output, rule.assign)
    if state.next is None:
        visit.fail_for_good("Failed to transition out of the state. The state does not point to a next state.")
    return visit.leave(frame, visit.effective, state.next, state.output, state.assign)
