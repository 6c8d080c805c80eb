"""The changes that the laptop has to make to policies."""

from __future__ import annotations

import json
from typing import Any

# Condition keys about the resource that a service acts for. Callers cannot set them, and the emulator does not.
SERVICE_KEYS = frozenset({"aws:sourceaccount", "aws:sourcearn"})
PUBLISH, PUBLISH_BATCH = "sns:Publish", "sns:PublishBatch"
UNENCRYPTED = {"Bool": {"aws:SecureTransport": "false"}}


def over_loopback(policy: str) -> str:
    """The policy without statements that only deny unencrypted requests.

    The emulator is reached over plain HTTP on the loopback interface and enforces the rule, which would lock every
    caller out. All other statements are kept.
    """
    document: dict[str, Any] = json.loads(policy)
    statements: list[dict[str, Any]] = document.get("Statement", [])
    kept = [statement for statement in statements if not _only_denies_unencrypted(statement)]
    return json.dumps({**document, "Statement": kept}) if kept else ""


def trusting_the_laptop(trust: str) -> str:
    """The trust policy without conditions on the resource that a service acts for.

    On AWS the service assumes the role of a pipe; on the laptop the pipe does so itself, as root. The emulator accepts
    root in place of a service, but evaluates the conditions, whose values only the service could supply.
    """
    document: dict[str, Any] = json.loads(trust)
    document["Statement"] = [_without_service_keys(statement) for statement in document["Statement"]]
    return json.dumps(document)


def with_emulator_actions(policy: str) -> str:
    """The policy with the actions that the emulator checks where AWS checks others.

    On AWS `sns:Publish` also allows PublishBatch, and there is no action of that name:
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
    """
    document: dict[str, Any] = json.loads(policy)
    for statement in document["Statement"]:
        actions: Any = statement.get("Action", [])
        listed: list[str] = [actions] if isinstance(actions, str) else actions
        if PUBLISH in listed:
            statement["Action"] = [*listed, PUBLISH_BATCH]
    return json.dumps(document)


def _without_service_keys(statement: dict[str, Any]) -> dict[str, Any]:
    if "Service" not in statement.get("Principal", {}) or "Condition" not in statement:
        return statement
    kept: dict[str, Any] = {}
    for operator, test in statement["Condition"].items():
        rest = {key: value for key, value in test.items() if key.lower() not in SERVICE_KEYS}
        if rest:
            kept[operator] = rest
    plain = {key: value for key, value in statement.items() if key != "Condition"}
    return {**plain, "Condition": kept} if kept else plain


def _only_denies_unencrypted(statement: dict[str, Any]) -> bool:
    return statement.get("Effect") == "Deny" and statement.get("Condition") == UNENCRYPTED
