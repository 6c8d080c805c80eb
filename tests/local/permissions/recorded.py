"""A laptop edition of which the calls of roles are recorded."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, NamedTuple

from local.program.resources.policies import PUBLISH, PUBLISH_BATCH
from tests.local.chaos.witness import project_with_witness
from tests.local.laptop import SHORT_TIMES, Laptop

RECORDER = Path(__file__).with_name("recorder.py")
# The breaker opens at the first transient failure, and is half-open and closed again a second later.
BREAKER = {
    "taskline:breakerMinimumAttempts": 1,
    "taskline:breakerPeriodSeconds": 10,
    "taskline:breakerCoolDownSeconds": 1,
    "taskline:breakerProbeSeconds": 1,
}
# On AWS, the permission for one message is the permission for a batch of them.
AS_ON_AWS = {PUBLISH_BATCH: PUBLISH}


class Call(NamedTuple):
    """One call that a role made, and the emulator allowed."""

    role: str
    action: str
    resource: str


class RecordedLaptop(Laptop):
    """Runs a copy of the project, whose emulator writes its judgements down."""

    def __init__(self, folder: Path) -> None:
        root = project_with_witness(folder / "code", folder / "traces")
        shutil.copy(RECORDER, root / "sitecustomize.py")
        self._calls = root / "calls.jsonl"
        super().__init__(folder / "state", config=SHORT_TIMES | BREAKER, root=root)

    def policies(self) -> dict[str, Any]:
        """The one policy of each role, by the role's name."""
        iam: Any = self.clients.iam
        found: dict[str, Any] = {}
        for role in iam.list_roles()["Roles"]:
            name = role["RoleName"]
            (policy,) = iam.list_role_policies(RoleName=name)["PolicyNames"]
            found[name] = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        return found

    def calls(self) -> list[Call]:
        """All calls so far."""
        lines: list[dict[str, str]] = [json.loads(line) for line in self._calls.read_text().splitlines()]
        return [
            Call(line["principal"].split("/")[1], AS_ON_AWS.get(line["action"], line["action"]), line["resource"])
            for line in lines
            if line["decision"] == "Allow" and "role/" in line["principal"]
        ]
