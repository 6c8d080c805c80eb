"""A value whose changes the program ignores is kept, whatever the program draws later."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks

from local.host.errors import LaptopError
from local.host.state_dir import StateDir
from local.program.kept import KeptValues
from local.program.properties import plain
from local.program.stack import evaluate

PROGRAM = """
import secrets, pulumi, pulumi_aws as aws
version = pulumi.Config().require("version")
kept = pulumi.ResourceOptions(ignore_changes=["value", "neverGiven"])
aws.ssm.Parameter("kept", type="SecureString", value=pulumi.Output.secret(version), description=version, opts=kept)
aws.ssm.Parameter("other", type="SecureString", value=version)
"""


class Recording(Mocks):
    def __init__(self) -> None:
        self.inputs: dict[str, Any] = {}

    def call(self, args: MockCallArgs) -> Any:
        return {}

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        self.inputs[args.name] = plain(args.inputs)
        return args.name, dict(args.inputs)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: demo\nruntime: python\n", encoding="utf-8")
    (tmp_path / "__main__.py").write_text(PROGRAM, encoding="utf-8")
    return tmp_path


def run(root: Path, version: str, stage: str = "dev") -> dict[str, Any]:
    mocks = Recording()
    evaluate(mocks, {"demo:version": version}, stage, root=root, kept=KeptValues(root / f"kept-{stage}.json"))
    return mocks.inputs


def test_the_first_value_is_kept_and_all_others_follow_the_program(root: Path) -> None:
    assert run(root, "one")["kept"]["value"] == "one"
    second = run(root, "two")
    assert second["kept"] == {"type": "SecureString", "value": "one", "description": "two"}
    assert second["other"]["value"] == "two"


def test_each_stage_keeps_its_own(root: Path) -> None:
    run(root, "one")
    assert run(root, "two", stage="prod")["kept"]["value"] == "two"


@pytest.mark.parametrize("text", ["", '{"half', "[]"])
def test_values_that_cannot_be_read_are_not_made_anew(root: Path, text: str) -> None:
    """Ids of tasks derive from one of them: another value would let a request that is repeated make a second task."""
    (root / "kept-dev.json").write_text(text, encoding="utf-8")
    with pytest.raises(LaptopError, match=r"(?s)kept-dev\.json cannot be read.*FRESH=1"):
        KeptValues(root / "kept-dev.json")
    assert (root / "kept-dev.json").read_text(encoding="utf-8") == text


def test_what_is_kept_is_for_the_owner_s_eyes_only_and_goes_with_the_state(root: Path) -> None:
    state = StateDir(root)
    run(root, "one")
    assert state.kept("dev").stat().st_mode & 0o777 == 0o600
    state.clear()
    assert run(root, "two")["kept"]["value"] == "two"


def test_without_a_place_to_keep_it_the_program_s_value_is_used(root: Path) -> None:
    """As in a preview."""
    mocks = Recording()
    evaluate(mocks, {"demo:version": "one"}, "dev", root=root)
    assert mocks.inputs["kept"]["value"] == "one"
