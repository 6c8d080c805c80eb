"""Configuration is read as Pulumi reads it; what Pulumi would reject is rejected, with key and file."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.host.errors import LaptopError
from local.host.options import PROJECT_ROOT
from local.program.config import load_config, load_laptop_config

PROJECT = """
name: demo
runtime: python
config:
  demo:count: {type: integer, default: 3}
  demo:name: {type: string}
  demo:on: {type: boolean, default: false}
  demo:days: {type: array, items: {type: integer}, default: [1, 2]}
  aws:profile: {value: nobody}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "Pulumi.dev.yaml").write_text("config:\n  demo:name: dev\n  demo:on: true\n", encoding="utf-8")
    return tmp_path


def test_later_sources_win_and_values_have_the_engine_s_form(root: Path) -> None:
    assert load_config("dev", {"count": 7, "aws:region": "eu-central-1"}, root) == {
        "demo:count": "7",
        "demo:name": "dev",
        "demo:on": "true",
        "demo:days": "[1, 2]",
        "aws:profile": "nobody",
        "aws:region": "eu-central-1",
    }


def test_the_region_has_a_default(root: Path) -> None:
    assert load_config("dev", root=root)["aws:region"] == "us-east-1"


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"demo:typo": 1}, "`demo:typo` in the overrides"),
        ({"count": "many"}, "not of type integer"),
        ({"count": True}, "not of type integer"),
        ({"days": [1, "two"]}, "not of type array"),
        ({"on": "yes"}, "not of type boolean"),
        ({"name": {"secure": "v1:abc"}}, "encrypted"),
    ],
)
def test_what_pulumi_would_reject_is_rejected(root: Path, overrides: dict[str, object], message: str) -> None:
    with pytest.raises(LaptopError, match=message):
        load_config("dev", overrides, root)


def test_a_key_without_a_value_and_an_unknown_stage_are_named(root: Path) -> None:
    (root / "Pulumi.bare.yaml").write_text("config: {}\n", encoding="utf-8")
    with pytest.raises(LaptopError, match=r"demo:name.*\n.*Pulumi.bare.yaml"):
        load_config("bare", root=root)
    with pytest.raises(LaptopError, match="bare, dev"):
        load_config("nowhere", root=root)


@pytest.mark.parametrize("content", ["- a list", "config: [1]\nname: demo", "{", "runtime: python"])
def test_a_broken_project_file_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "Pulumi.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(LaptopError, match=r"Pulumi\.yaml"):
        load_config("dev", root=tmp_path)


def test_every_stage_of_the_project_has_a_valid_configuration() -> None:
    for stage in ("dev", "staging", "prod"):
        assert load_config(stage)["aws:region"]


OPENING = ("corsOrigins", "apiKeyRequired", "operatorAuthorization")


def opening(config: dict[str, str]) -> list[str]:
    return [config[f"taskline:{key}"] for key in OPENING]


def test_only_dev_is_open_and_only_on_the_laptop() -> None:
    closed = ["", "true", "iam"]
    assert opening(load_laptop_config("dev")) == ["", "false", "none"]
    for stage in ("staging", "prod"):
        assert opening(load_laptop_config(stage)) == closed
    for stage in ("dev", "staging", "prod"):
        assert opening(load_config(stage)) == closed


def test_a_stage_file_or_an_override_closes_the_laptop(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text((PROJECT_ROOT / "Pulumi.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    stage = "config:\n  taskline:apiKeyRequired: true\n  taskline:allowedAddresses: 203.0.113.0/24\n"
    stage += "  taskline:corsOrigins: '*'\n"
    (tmp_path / "Pulumi.dev.yaml").write_text(stage, encoding="utf-8")
    config = load_laptop_config("dev", {"operatorAuthorization": "iam"}, tmp_path)
    assert opening(config) == ["", "true", "iam"], "no stage file lets in pages on the laptop"
    assert config["taskline:allowedAddresses"] == "", "calls to the laptop come from no address of AWS's callers"
    asked = load_laptop_config("dev", {"taskline:allowedAddresses": "127.0.0.0/8"}, tmp_path)
    assert asked["taskline:allowedAddresses"] == "127.0.0.0/8", "but an override asks for exactly that"
