"""The pipelines of GitHub and GitLab call what exists, pin what is foreign, and hold no key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.host.options import PROJECT_ROOT

WORKFLOWS = sorted((PROJECT_ROOT / ".github" / "workflows").glob("*.yml"))
FILES = [*WORKFLOWS, PROJECT_ROOT / ".gitlab-ci.yml", PROJECT_ROOT / ".github" / "dependabot.yml"]
MAKEFILE = (PROJECT_ROOT / "Makefile").read_text(encoding="utf-8")


def loaded(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def commands(value: Any) -> Iterator[str]:
    """All texts under `run`, `script`, `before_script` and `after_script`."""
    if isinstance(value, dict):
        for name, child in value.items():
            if name in ("run", "script", "before_script", "after_script"):
                yield from [child] if isinstance(child, str) else child
            else:
                yield from commands(child)
    elif isinstance(value, list):
        for child in value:
            yield from commands(child)


def unknown(command: str) -> Iterator[str]:
    """Targets and variables of `make` that the Makefile does not have."""
    for call in re.findall(r"(?:^|&& )make ([^&;|]+)", command):
        for word in call.split():
            name, equals, _ = word.partition("=")
            found = re.search(rf"^{re.escape(name)} *\??=" if equals else rf"^{re.escape(name)}:", MAKEFILE, re.M)
            if not found:
                yield word


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_target_and_setting_that_a_pipeline_passes_exists(path: Path):
    assert [word for command in commands(loaded(path)) for word in unknown(command)] == []


def test_a_target_or_a_setting_that_is_not_there_is_noticed():
    assert list(unknown("make chek STAGES=dev && make smoke STAGE=dev")) == ["chek", "STAGES=dev"]


def test_both_pipelines_check_preview_deploy_and_release():
    for paths in (WORKFLOWS, [PROJECT_ROOT / ".gitlab-ci.yml"]):
        called = {
            word for path in paths for one in commands(loaded(path)) for word in re.findall(r"make ([\w-]+)", one)
        }
        assert {"check", "package", "preview-comment", "deploy", "release-files"} <= called


def test_every_action_is_pinned_by_its_commit():
    uses = [line.strip() for path in WORKFLOWS for line in path.read_text().splitlines() if "uses:" in line]
    assert uses
    assert [line for line in uses if not re.fullmatch(r"- uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+.*", line)] == []


def test_no_pipeline_has_a_key_that_lives_long():
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        assert "AWS_ACCESS_KEY_ID" not in text
        assert "AWS_SECRET_ACCESS_KEY" not in text
        assert "secrets." not in text, f"{path.name} needs a secret"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_job_has_no_permission_that_is_not_named_and_no_foreign_text_in_its_commands(path: Path):
    document = loaded(path)
    assert "permissions" in document
    assert [one for one in commands(document) if "${{" in one] == [], "an expression in a command is code of others"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_job_that_takes_a_role_belongs_to_an_environment_whose_rules_it_cannot_change(path: Path):
    for name, job in loaded(path)["jobs"].items():
        takes = any("configure-aws-credentials" in step.get("uses", "") for step in job["steps"])
        assert takes == ("environment" in job), name


def test_stages_are_deployed_one_after_the_other():
    strategy = loaded(PROJECT_ROOT / ".github/workflows/deploy.yml")["jobs"]["deploy"]["strategy"]
    assert strategy == {"max-parallel": 1, "fail-fast": True, "matrix": {"stage": ["dev", "staging", "prod"]}}
    gitlab = loaded(PROJECT_ROOT / ".gitlab-ci.yml")
    assert (gitlab["staging"]["needs"], gitlab["prod"]["needs"]) == (["dev"], ["staging"])
