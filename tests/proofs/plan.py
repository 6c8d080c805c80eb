"""The resources as a plan of Terraform, which checkov reads: the provider is bridged from Terraform's.

The bridge makes plurals of lists and lets a block of which there is one stand for itself. This turns both round.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pulumi

from tests.infrastructure.recording import Resource
from tests.proofs.findings import Finding

CHECKOV = Path(sys.prefix) / "checkov"
_PACKAGES = {"apigateway": "api_gateway"}  # the bridge has it as one word
_SINGULAR = {
    "attributes": "attribute",
    "globalSecondaryIndexes": "global_secondary_index",
    "ruleActionOverrides": "rule_action_override",
    "rules": "rule",
}
_OTHERWISE = {"code": "filename", "restApi": "rest_api_id", "deployment": "deployment_id"}
_FREE = {"dimensions", "triggers", "variables"}  # their keys are the program's, not the provider's


class Checked(NamedTuple):
    """What checkov made of a set of plans: its findings, and the types that it knows a check for."""

    findings: list[Finding]
    types: set[str]


def terraform_type(token: str) -> str:
    """`aws:sqs/queuePolicy:QueuePolicy` is `aws_sqs_queue_policy`."""
    _, path, name = token.split(":")
    package = path.split("/")[0]
    return f"aws_{_PACKAGES.get(package, package)}_{_snake(name)}"


def plan(resources: Iterable[Resource]) -> dict[str, Any]:
    """A plan that creates the resources."""
    made = [
        {
            "address": f"{terraform_type(one.type)}.{one.name}",
            "mode": "managed",
            "type": terraform_type(one.type),
            "name": one.name,
            "values": _block(one.inputs),
        }
        for one in resources
        if one.custom
    ]
    changes = [{**one, "change": {"actions": ["create"], "before": None, "after": one["values"]}} for one in made]
    return {
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "planned_values": {"root_module": {"resources": made}},
        "resource_changes": changes,
    }


def _block(given: Mapping[str, Any]) -> dict[str, Any]:
    return {_name(name): _value(name, value) for name, value in given.items()}


def _value(name: str, value: Any) -> Any:
    if isinstance(value, pulumi.FileArchive):
        return Path(value.path).name
    if isinstance(value, list):
        return [_block(one) if isinstance(one, dict) else one for one in value]
    if isinstance(value, dict):
        return value if name in _FREE else [_block(value)]
    return value


def _name(name: str) -> str:
    return _SINGULAR.get(name) or _OTHERWISE.get(name) or _snake(name)


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()


def check(plans: Mapping[str, dict[str, Any]], folder: Path) -> Checked:
    """What checkov finds in the plans; the place of a finding is the plan and the resource. No network is used."""
    for name, content in plans.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    command = [sys.executable, "-m", "checkov.main", "--framework", "terraform_plan", "--output", "json"]
    command += ["--skip-download", "--soft-fail", *(part for name in plans for part in ("--file", f"{name}.json"))]
    own = {"PYTHONPATH": str(CHECKOV), "CKV_SKIP_PACKAGE_UPDATE_CHECK": "true"}
    done = subprocess.run(command, cwd=folder, env=os.environ | own, capture_output=True, text=True, check=True)
    results = json.loads(done.stdout)["results"]
    assert results["parsing_errors"] == []
    looked_at = [*results["passed_checks"], *results["failed_checks"]]
    return Checked(
        [_finding(one) for one in results["failed_checks"]], {one["resource"].split(".")[0] for one in looked_at}
    )


def _finding(failed: Mapping[str, Any]) -> Finding:
    place = f"{Path(failed['file_path']).stem}/{failed['resource'].split('.')[1]}"
    return Finding(failed["check_id"], place, failed["check_name"])
