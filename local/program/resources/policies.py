"""Resource and trust policies, as far as the laptop has to change them."""

from __future__ import annotations

import json
from typing import Any

# What a service tells STS about the resource it acts for. Callers cannot set these keys, and the emulator does not.
SERVICE_KEYS = frozenset({"aws:sourceaccount", "aws:sourcearn"})
PUBLISH, PUBLISH_BATCH = "sns:Publish", "sns:PublishBatch"
CLEAR_TEXT = {"Bool": {"aws:SecureTransport": "false"}}


def over_loopback(policy: str) -> str:
    """The policy without statements that refuse clear text and nothing else.

    The emulator is reached over plain HTTP on the loopback interface and enforces the rule, which would lock
    everybody out. All other statements are kept.
    """
    document: dict[str, Any] = json.loads(policy)
    statements: list[dict[str, Any]] = document.get("Statement", [])
    kept = [statement for statement in statements if not _only_refuses_clear_text(statement)]
    return json.dumps({**document, "Statement": kept}) if kept else ""


def trusting_the_laptop(trust: str) -> str:
    """The trust policy without conditions on the resource that a service acts for.

    On the laptop the pipe itself assumes its role, as root, where on AWS the service does. The emulator lets root
    stand for a service, but evaluates the conditions, for which only the service could give the values.
    """
    document: dict[str, Any] = json.loads(trust)
    document["Statement"] = [_without_service_keys(statement) for statement in document["Statement"]]
    return json.dumps(document)


def as_the_emulator_asks(policy: str) -> str:
    """The policy with the actions that the emulator asks for where AWS asks for another.

    On AWS `sns:Publish` allows PublishBatch, too, and there is no action of that name:
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


def _only_refuses_clear_text(statement: dict[str, Any]) -> bool:
    return statement.get("Effect") == "Deny" and statement.get("Condition") == CLEAR_TEXT
