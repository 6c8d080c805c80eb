"""The stage that a deployer is for: where it is, and what its resources are called."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

ROOT = Path(__file__).resolve().parents[2]
_ACCOUNT = re.compile(r"\d{12}")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


class DeployerError(Exception):
    """What was asked for makes no policy. The text says why, and what to do."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A stage of an account. `state_bucket` keeps Pulumi's state, `keys` are the ARNs of KMS keys that are used."""

    stage: str
    account: str
    region: str
    partition: str = "aws"
    project: str = "taskline"
    state_bucket: str = ""
    keys: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not _ACCOUNT.fullmatch(self.account):
            raise DeployerError(f"--account is {self.account!r}: give the account's number, which has twelve digits.")
        if self.state_bucket and not _BUCKET.fullmatch(self.state_bucket):
            raise DeployerError(f"--state-bucket is {self.state_bucket!r}: give the name of a bucket, without s3://.")

    @property
    def prefix(self) -> str:
        """What the names of the stage's resources begin with."""
        return f"{self.project}-{self.stage}"

    @property
    def boundary_arn(self) -> str:
        """The policy that bounds the roles which the deployer may create."""
        return f"arn:{self.partition}:iam::{self.account}:policy/{self.prefix}-boundary"

    def fill(self, pattern: str) -> str:
        """A pattern of `infrastructure/deployer/rows.py` for this stage; "*" stays what it is."""
        place = {"region": self.region, "account": self.account, "stage": self.stage, "prefix": self.prefix}
        return pattern if pattern == "*" else f"arn:{self.partition}:" + pattern.format(**place)


def target_of(stage: str, account: str, state_bucket: str = "", keys: tuple[str, ...] = ()) -> Target:
    """The target for a stage, with the region and the key of its file; `DeployerError` if there is no such stage."""
    file = ROOT / f"Pulumi.{stage}.yaml"
    if not file.is_file():
        stages = ", ".join(sorted(path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml")))
        raise DeployerError(f"There is no {file.name}. The stages are {stages}.")
    document = cast("dict[str, Any]", yaml.safe_load(file.read_text(encoding="utf-8")) or {})
    config = cast("dict[str, Any]", document.get("config") or {})
    region, own = str(config.get("aws:region", "us-east-1")), str(config.get("taskline:kmsKeyArn") or "")
    return Target(
        stage=stage,
        account=account,
        region=region,
        partition=_partition(region),
        state_bucket=state_bucket,
        keys=tuple(dict.fromkeys([*keys, *([own] if own else [])])),
    )


def _partition(region: str) -> str:
    begins = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
    return next((partition for begin, partition in begins.items() if region.startswith(begin)), "aws")
