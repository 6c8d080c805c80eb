"""bandit finds nothing in the product's code but what is accepted."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.proofs.accepted import BANDIT
from tests.proofs.findings import Finding, objections

pytestmark = pytest.mark.check

ROOT = Path(__file__).parents[2]
CODE = ("__main__.py", "asl", "functions", "infrastructure", "local", "requirements", "statemachine", "testing")


def findings(folder: Path, *paths: str) -> list[Finding]:
    """What bandit finds, at any severity; comments that silence it are ignored, for the reasons are kept elsewhere."""
    command = [sys.executable, "-m", "bandit", "--quiet", "--ignore-nosec", "--exit-zero", "--format", "json"]
    done = subprocess.run([*command, "--recursive", *paths], cwd=folder, capture_output=True, text=True, check=True)
    report = json.loads(done.stdout)
    assert report["errors"] == []
    assert report["metrics"]["_totals"]["loc"] > 0
    return [
        Finding(one["test_id"], one["filename"].removeprefix("./"), one["issue_text"]) for one in report["results"]
    ]


@pytest.mark.nightly
def test_bandit_has_no_objection_to_the_code() -> None:
    assert objections(findings(ROOT, *CODE), BANDIT) == []


def test_bandit_finds_what_it_is_there_for(tmp_path: Path) -> None:
    (tmp_path / "unsafe.py").write_text("import pickle\npickle.loads(given)\neval(given)  # nosec\n")
    assert {one.rule for one in findings(tmp_path, "unsafe.py")} == {"B301", "B307", "B403"}
