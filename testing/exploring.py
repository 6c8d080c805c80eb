"""One scenario under many schedules of faults: finds functions that do harm when they run twice.

def test_an_invoice_is_printed_once() -> None:
    explore(one_invoice)
"""

import random
from collections.abc import Callable

from testing.taskline import Taskline

Scenario = Callable[[Taskline], None]

# Where an execution that succeeds can be interrupted.
_STEPS = ("ClaimTask", "ProcessTask", "RecordResult")
_MOST_FAULTS = 3  # fewer than the deliveries without an outcome after which a task fails


class ScheduleFailed(AssertionError):
    """A scenario did not hold under one schedule. The message has its faults, and how to repeat it."""


def explore(scenario: Scenario, *, schedules: int = 200, first: int = 0) -> None:
    """Run the scenario once per schedule, each time in a pipeline of its own that it gets as its argument.

    The scenario registers its types with doubles, submits tasks, calls `settle`, and asserts what has to hold whatever
    happens. In each schedule up to three calls lose their reply, or their execution dies before or after the call.
    A schedule follows from its number, from `first` on. `ScheduleFailed` for the first that does not hold.
    """
    __tracebackhide__ = True
    for seed in range(first, first + schedules):
        pipeline = Taskline(seed=seed)
        faults = _add_faults(pipeline, random.Random(seed))
        try:
            scenario(pipeline)
        except Exception as error:
            what = "; ".join(faults) or "no fault"
            raise ScheduleFailed(
                f"schedule {seed} ({what}): {type(error).__name__}: {error}\n"
                f"  repeat it with: explore(..., schedules=1, first={seed})"
            ) from error


def _add_faults(pipeline: Taskline, chance: random.Random) -> list[str]:
    """Add some faults; what they are, in words."""
    added: list[str] = []
    for _ in range(chance.randint(0, _MOST_FAULTS)):
        step = chance.choice(_STEPS)
        if chance.random() < 0.5:
            pipeline.lost_reply(step)
            added.append(f"the reply of {step} is lost")
        else:
            has_effect = chance.random() < 0.5
            pipeline.crash(step, has_effect=has_effect)
            added.append(f"an execution dies {'after' if has_effect else 'before'} {step}")
    return added
