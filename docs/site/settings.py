"""The table of settings, from `Pulumi.yaml` and the stages' files."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

STAGES = ("dev", "staging", "prod")


def settings_table(root: Path) -> str:
    """One row per setting: name, type, default, the stages that set another value, and what it means."""
    project = yaml.safe_load((root / "Pulumi.yaml").read_text(encoding="utf-8"))
    stages = {name: _stage(root, name) for name in STAGES}
    rows = [_row(key, declared, stages) for key, declared in project["config"].items()]
    return "\n".join(["| setting | type | default | stages | meaning |", "| --- | --- | --- | --- | --- |", *rows])


def _stage(root: Path, name: str) -> Mapping[str, Any]:
    return yaml.safe_load((root / f"Pulumi.{name}.yaml").read_text(encoding="utf-8"))["config"]


def _row(key: str, declared: Mapping[str, Any], stages: Mapping[str, Mapping[str, Any]]) -> str:
    name = key.partition(":")[2]
    default, meaning = _value(declared["default"]), declared["description"].replace("|", "\\|")
    return f"| `{name}` | {declared['type']} | {default} | {'; '.join(_others(key, stages))} | {meaning} |"


def _others(key: str, stages: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    return (f"{name}: {_value(values[key])}" for name, values in stages.items() if key in values)


def _value(value: object) -> str:
    return "empty" if value == "" else f"`{value if isinstance(value, str) else json.dumps(value)}`"
