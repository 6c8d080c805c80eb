"""A deployment that changes where tasks are sent must be known to all senders before it takes effect.

While it runs, old and new versions of the functions that send work side by side. So the engine asks here before it
updates one of them: both have to agree on where tasks go until the deployment is over.
"""

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pulumi
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import monitor_supports_feature

from functions.tasks.intake.lanes import QUIET, Lanes, parse_lanes
from infrastructure.settings.checks import SettingsError

LEAD = timedelta(minutes=10)  # longer than a deployment takes from here to its end
STOPPED = "TASKLINE_SENDERS_STOPPED"
_GUIDE = "docs/guides/operations.md, Change the number of lanes, has the steps."


def lane_guard(name: str) -> pulumi.ResourceHookBinding | None:
    """The hook of the sending function `name`.

    None for an engine without hooks, as on the laptop, where no function runs while the program does.
    """
    if not monitor_supports_feature(resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS):
        return None
    return pulumi.ResourceHookBinding(
        before_update=[pulumi.ResourceHook(f"{name}-keeps-the-order-of-keys", refuse_unsafe_change)]
    )


async def refuse_unsafe_change(args: pulumi.ResourceHookArgs) -> None:
    """Raise `SettingsError` before the function is updated, if the order of keys could be lost."""
    if os.environ.get(STOPPED):
        return
    check_change(await _lanes(args.old_inputs), await _lanes(args.new_inputs), datetime.now(UTC))


def check_change(old: Lanes | None, new: Lanes | None, now: datetime) -> None:
    """Raise `SettingsError` if senders with the `old` and the `new` lanes would send to different queues before a
    deployment that goes on `now` is over, or if lanes changed again before the last change was declared finished.
    """
    if old is None or new is None or old == new:
        return
    called_off = new == Lanes(queues=old.before)
    if old.before and new.queues != old.queues and not called_off:
        raise SettingsError(
            "The number of lanes changes again before the last change is finished. When `taskline doctor` says that "
            f"no lane drains any more, set lanesBefore to 0 and remove lanesFrom, deploy, and then change it. {_GUIDE}"
        )
    until = now + LEAD
    if old.queues_at(now) == new.queues_at(now) and old.queues_at(until) == new.queues_at(until + QUIET):
        return
    if new.since is None:
        raise SettingsError(
            "The number of lanes, or their generation, changes without lanesBefore and lanesFrom: tasks that wait in "
            f"the old queues would be overtaken or deleted. {_GUIDE}"
        )
    raise SettingsError(
        f"taskline:lanesFrom is {new.since.isoformat()}, too early: functions with the old settings still send to the "
        f"old queues while this deployment runs. Set it to {until.isoformat(timespec='minutes')} or later, or to what "
        f"it was if it was deployed before. Or, if nobody calls the API until then, deploy with {STOPPED}=1. {_GUIDE}"
    )


async def _lanes(inputs: Mapping[str, Any] | None) -> Lanes | None:
    """The lanes in a function's inputs; None if it has no environment that names any, as with an older release."""
    # An output, because one of the variables is a secret.
    given: pulumi.Output[Any] = pulumi.Output.from_input((inputs or {}).get("environment"))
    environment = cast("Mapping[str, Any]", await given.future() or {})
    variables = cast("Mapping[str, Any]", environment.get("variables") or {})
    known = {name: value for name, value in variables.items() if isinstance(value, str)}
    return parse_lanes(known["QUEUE_URL"], known) if "QUEUE_URL" in known else None
