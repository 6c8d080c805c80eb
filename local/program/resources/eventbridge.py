"""Scheduled EventBridge rules, which the emulator runs, and their targets."""

from __future__ import annotations

import contextlib

from local.program.resources.handler import Inputs, ProvisionedResource, ProvisioningContext, ResourceHandler


def _ensure_rule(context: ProvisioningContext, inputs: Inputs) -> ProvisionedResource:
    name = inputs["name"]
    arn = context.clients.events.put_rule(
        Name=name,
        ScheduleExpression=inputs["scheduleExpression"],
        Description=inputs.get("description", ""),
        State=inputs.get("state", "ENABLED"),
    )["RuleArn"]
    return ProvisionedResource(name, {"arn": arn, "name": name})


def _remove_rule(context: ProvisioningContext, name: str) -> None:
    events = context.clients.events
    with contextlib.suppress(events.exceptions.ResourceNotFoundException):
        events.delete_rule(Name=name)


def _ensure_target(context: ProvisioningContext, inputs: Inputs) -> ProvisionedResource:
    rule, target = inputs["rule"], inputs.get("targetId") or inputs["name"]
    context.clients.events.put_targets(Rule=rule, Targets=[{"Id": target, "Arn": inputs["arn"]}])
    return ProvisionedResource(f"{rule}-{target}", {"targetId": target}, key=f"{rule} {target}")


def _remove_target(context: ProvisioningContext, key: str) -> None:
    rule, _, target = key.partition(" ")
    events = context.clients.events
    with contextlib.suppress(events.exceptions.ResourceNotFoundException):
        events.remove_targets(Rule=rule, Ids=[target])


HANDLERS = (
    ResourceHandler(
        type="aws:cloudwatch/eventRule:EventRule",
        applies=frozenset({"name", "description", "scheduleExpression", "state"}),
        ensure=_ensure_rule,
        remove=_remove_rule,
    ),
    ResourceHandler(
        type="aws:cloudwatch/eventTarget:EventTarget",
        applies=frozenset({"rule", "arn", "targetId"}),
        ensure=_ensure_target,
        remove=_remove_target,
    ),
)
