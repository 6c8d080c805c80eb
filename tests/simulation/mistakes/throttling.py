"""Deliberate mistakes in what becomes of a task whose processor has no capacity; see `catalog.py`."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any
from unittest import mock

from functions.adapters.task_table import failures
from tests.simulation.world.faults import FaultPlan, throttles_only

CRASHING = FaultPlan(call=0.0, crash=0.95, lost_delete=0.0, duplicate=0.0, freeze=0.0)
LOSING_REPLIES = FaultPlan(call=0.3, crash=0.9, lost_delete=0.0, duplicate=0.0, freeze=0.0)
NEVER_A_PROCESSOR = throttles_only(1.0)
HARDLY_A_PROCESSOR = throttles_only(0.8)


def _counts_deliveries_without_a_run(states: Any) -> None:
    arguments = states["ReturnToQueue"]["Arguments"]
    arguments["UpdateExpression"] = arguments["UpdateExpression"].replace(" deliveries = deliveries - :uncounted,", "")
    del arguments["ExpressionAttributeValues"][":uncounted"]


def _counts_throttled_runs(states: Any) -> None:
    for catcher in states["ProcessTask"]["Catch"]:
        if catcher["Next"] == "DecideOnThrottle":
            catcher["Assign"]["attempt"] = "{% $attempt + $states.context.State.RetryCount + 1 %}"


def _waits_for_capacity_without_end(states: Any) -> None:
    states["DecideOnThrottle"]["Choices"][0]["Condition"] = True


def _fails_throttled_tasks(states: Any) -> None:
    for catcher in states["ProcessTask"]["Catch"]:
        if catcher["Next"] == "DecideOnFailure":
            catcher["ErrorEquals"].append("Lambda.TooManyRequestsException")
    states["ProcessTask"]["Catch"] = [
        catcher for catcher in states["ProcessTask"]["Catch"] if catcher["Next"] != "DecideOnThrottle"
    ]


def _delivers_without_limit(states: Any) -> None:
    states["DecideOnDelivery"]["Choices"][0]["Condition"] = False


def _delivers_without_limit_after_a_lost_reply(states: Any) -> None:
    for choice in states["DecideOnDuplicate"]["Choices"]:
        if choice["Next"] == "DecideOnDelivery":
            choice["Next"] = "ProcessTask"


def _fails_where_throttles_left_no_time(states: Any) -> None:
    choices = states["DecideOnRetry"]["Choices"]
    states["DecideOnRetry"]["Choices"] = [choice for choice in choices if choice["Next"] != "ReturnToQueue"]


def redrives_with_the_old_deliveries() -> AbstractContextManager[object]:
    """A redriven task is given up as soon as it is delivered."""
    return mock.patch.object(failures, "_MARK", failures._MARK.replace(", deliveries", ""))  # pyright: ignore[reportPrivateUsage]


THROTTLING_MISTAKES_IN_DEFINITION: Mapping[str, tuple[Callable[[Any], None], FaultPlan]] = {
    "a delivery that met no processor is counted": (_counts_deliveries_without_a_run, NEVER_A_PROCESSOR),
    "a throttled run is counted": (_counts_throttled_runs, HARDLY_A_PROCESSOR),
    "a throttled execution waits for longer than it has": (_waits_for_capacity_without_end, NEVER_A_PROCESSOR),
    "a throttled task fails": (_fails_throttled_tasks, HARDLY_A_PROCESSOR),
    "a task fails for want of time that throttles took": (_fails_where_throttles_left_no_time, HARDLY_A_PROCESSOR),
    "deliveries without an outcome are not limited": (_delivers_without_limit, CRASHING),
    "deliveries are not limited after a lost reply to the claim": (
        _delivers_without_limit_after_a_lost_reply,
        LOSING_REPLIES,
    ),
}
