"""How the shipped machine claims the task of a message."""

import json
from typing import Any

from asl import Machine, Taking, TaskFailure, TaskRequest, VirtualClock


class FirstWrite:
    """Finds every gate open, keeps the first write, and refuses it."""

    blocking = False

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def run(self, request: TaskRequest) -> Taking:
        if request.state == "CheckGate":
            return Taking(0, {})
        self.values = json.loads(json.dumps(request.arguments))["ExpressionAttributeValues"]
        return Taking(0, TaskFailure("States.Runtime", "that is all"))


def claimed(definition: Any, **sent: Any) -> dict[str, Any]:
    """The values of the claim of a message; what is not given is made up."""
    attributes = {"SentTimestamp": "1769860800123", "MessageGroupId": "k", "SequenceNumber": "1"}
    given = {"messageId": "m", **sent, "attributes": attributes | {"MessageDeduplicationId": "d"}}
    given["attributes"] |= sent.get("attributes", {})
    write = FirstWrite()
    Machine.load(json.dumps(definition)).run([given], tasks=write, clock=VirtualClock())
    return write.values
