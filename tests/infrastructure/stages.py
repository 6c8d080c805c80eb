"""The program, evaluated for each stage: what guards that look at every resource look at."""

import zipfile
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.infrastructure.recording import Resource, Stack, arn, run

STAGES = ("dev", "staging", "prod")
# Every optional part of the program, which no stage that is shipped has.
EVERYTHING: dict[str, Any] = {
    "firewall": "block",
    "kmsKeyArn": arn("kms", "key/1234abcd-12ab-34cd-56ef-1234567890ab"),
    "permissionsBoundaryArn": "arn:aws:iam::111122223333:policy/taskline-prod-boundary",
    "corsOrigins": "https://tasks.example",
    "allowedAddresses": "203.0.113.0/24",
    "alertEmail": "operator@tasks.example",
    "alarmTopics": arn("sns", "on-call"),
    "tags": {"cost-center": "4711"},
    "domainName": "api.tasks.example",
    "certificateArn": arn("acm", "certificate/1234abcd-12ab-34cd-56ef-1234567890ab"),
    "validatorProvisionedConcurrency": 5,
    "clientAuthorization": "iam",
    "lanes": 2,
    "laneGeneration": 1,
    "lanesBefore": 1,
    "lanesFrom": "2026-12-01T12:00:00Z",
}
# Between these two lie the settings of all stages: for tools that take long.
EXTREMES = ("dev", "everything")
_FOLDER = TemporaryDirectory()


@cache
def evaluated(stage: str) -> Stack:
    """An update of the stage; `everything` is the stage prod with every optional part."""
    settings = EVERYTHING if stage == "everything" else {}
    return run("prod" if settings else stage, layer(), **settings)


def every_resource() -> dict[str, Resource]:
    """The resources of AWS of all stages, by stage and name."""
    return {
        f"{stage}/{one.type.rpartition(':')[2]}/{one.name}": one
        for stage in (*STAGES, "everything")
        for one in evaluated(stage)
        if one.custom
    }


def layer() -> Path:
    """A dependency layer, so that no evaluation builds one."""
    path = Path(_FOLDER.name) / "layer.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("python/nothing.py", "")
    return path
