"""EventBridge rules on a schedule, which the emulator carries out, and what they call."""

from __future__ import annotations

import contextlib

from local.program.declarations.model import Context, Handler, Inputs, Made


def _ensure_rule(context: Context, inputs: Inputs) -> Made:
    name = inputs["name"]
    arn = context.clients.events.put_rule(
        Name=name,
        ScheduleExpression=inputs["scheduleExpression"],
        Description=inputs.get("description", ""),
        State=inputs.get("state", "ENABLED"),
    )["RuleArn"]
    return Made(name, {"arn": arn, "name": name})


def _remove_rule(context: Context, name: str) -> None:
    events = context.clients.events
    with contextlib.suppress(events.exceptions.ResourceNotFoundException):
        events.delete_rule(Name=name)


def _ensure_target(context: Context, inputs: Inputs) -> Made:
    rule, target = inputs["rule"], inputs.get("targetId") or inputs["name"]
    context.clients.events.put_targets(Rule=rule, Targets=[{"Id": target, "Arn": inputs["arn"]}])
    return Made(f"{rule}-{target}", {"targetId": target}, key=f"{rule} {target}")


def _remove_target(context: Context, key: str) -> None:
    rule, _, target = key.partition(" ")
    events = context.clients.events
    with contextlib.suppress(events.exceptions.ResourceNotFoundException):
        events.remove_targets(Rule=rule, Ids=[target])


HANDLERS = (
    Handler(
        type="aws:cloudwatch/eventRule:EventRule",
        applies=frozenset({"name", "description", "scheduleExpression", "state"}),
        ensure=_ensure_rule,
        remove=_remove_rule,
    ),
    Handler(
        type="aws:cloudwatch/eventTarget:EventTarget",
        applies=frozenset({"rule", "arn", "targetId"}),
        ensure=_ensure_target,
        remove=_remove_target,
    ),
)
