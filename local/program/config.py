"""Pulumi configuration without the Pulumi command line: the same files, read and checked the same way.

`Pulumi.yaml` declares every key with its type and default, `Pulumi.<stage>.yaml` holds a stage's values.
https://www.pulumi.com/docs/iac/concepts/projects/project-file/ describes both.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import yaml

from local.host.errors import LaptopError
from local.host.options import PROJECT_ROOT
from local.program import engine_yaml
from local.program.engine_yaml import engine_text, fits

PROJECT_FILE = "Pulumi.yaml"
DEFAULT_REGION = "us-east-1"
# What a stage's file says about these is meant for AWS. On the laptop functions import from the virtual environment
# instead of a layer, all calls come from 127.0.0.1, any origin would be every page that its user happens to open, and
# the topics of other systems and a domain do not exist.
LAPTOP_CONFIG = {
    "dependencyLayer": "not-used-on-the-laptop.zip",
    "allowedAddresses": "",
    "corsOrigins": "",
    "alarmTopics": "",
    "domainName": "",
    "certificateArn": "",
}
# This stage is open on the laptop, where only programs of the same machine can call, and closed on AWS.
OPEN_STAGE = "dev"
OPEN_CONFIG: Mapping[str, object] = {"apiKeyRequired": False, "operatorAuthorization": "none"}


def load_laptop_config(
    stage: str, overrides: Mapping[str, object] | None = None, root: Path = PROJECT_ROOT
) -> dict[str, str]:
    """As `load_config`, for a stage on this machine: dev is open, as far as its file does not say otherwise."""
    defaults = OPEN_CONFIG if stage == OPEN_STAGE else None
    return load_config(stage, {**LAPTOP_CONFIG, **(overrides or {})}, root, defaults)


def load_config(
    stage: str,
    overrides: Mapping[str, object] | None = None,
    root: Path = PROJECT_ROOT,
    defaults: Mapping[str, object] | None = None,
) -> dict[str, str]:
    """All configuration of a stage as the Pulumi engine passes it to a program: full keys, values as strings or JSON.

    Later sources win: `Pulumi.yaml`, `defaults`, `Pulumi.<stage>.yaml`, `overrides`. Keys may omit the project's name.
    An undeclared key, a value of the wrong type and a missing required value raise `LaptopError` naming key and file.
    """
    project = read_project(root)
    declared = _qualified(_config_of(project, PROJECT_FILE), project["name"])
    stage_file = f"Pulumi.{stage}.yaml"
    values = _defaults(declared)
    sources = (
        ("the defaults", defaults or {}),
        (stage_file, _stage_values(root, stage, stage_file)),
        ("the overrides", overrides or {}),
    )
    for source, given in sources:
        for key, value in _qualified(given, project["name"]).items():
            values[key] = _checked(key, value, _declaration(key, declared, project["name"], source), source)
    _require(declared, values, stage_file)
    values.setdefault("aws:region", DEFAULT_REGION)
    return values


def read_project(root: Path = PROJECT_ROOT) -> dict[str, Any]:
    """The parsed `Pulumi.yaml`; its `name` is the project's."""
    project = _mapping(root / PROJECT_FILE)
    if not isinstance(project.get("name"), str):
        raise LaptopError(f"{root / PROJECT_FILE} has no `name`.", "Add the project's name to it.")
    return project


def _stage_values(root: Path, stage: str, file: str) -> Mapping[str, object]:
    if not (root / file).is_file():
        known = sorted(path.name.split(".")[1] for path in root.glob("Pulumi.*.yaml"))
        raise LaptopError(
            f"Stage `{stage}` does not exist: there is no {root / file}.",
            f"Set TASKLINE_STAGE to one of: {', '.join(known) or 'none yet; create ' + file}.",
        )
    return _config_of(_mapping(root / file), file)


def _mapping(path: Path) -> dict[str, Any]:
    try:
        document = engine_yaml.load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise LaptopError(f"{path} cannot be read: {error.strerror}.", "Run from a complete checkout.") from error
    except yaml.YAMLError as error:
        raise LaptopError(f"{path} is not valid YAML: {error}.", "Correct the file.") from error
    if not isinstance(document, dict):
        raise LaptopError(f"{path} is not a mapping.", "Correct the file.")
    return cast("dict[str, Any]", document)


def _config_of(document: Mapping[str, Any], file: str) -> Mapping[str, object]:
    config: object = document.get("config") or {}
    if not isinstance(config, dict):
        raise LaptopError(f"`config` in {file} is not a mapping.", "Correct the file.")
    return cast("dict[str, object]", config)


def _qualified(values: Mapping[str, object], project: str) -> dict[str, object]:
    return {key if ":" in key else f"{project}:{key}": value for key, value in values.items()}


def _defaults(declared: Mapping[str, object]) -> dict[str, str]:
    defaults: dict[str, str] = {}
    for key, declaration in declared.items():
        if not isinstance(declaration, dict):
            defaults[key] = engine_text(declaration)
            continue
        fields = cast("dict[str, Any]", declaration)
        for name in ("default", "value"):
            if name in fields:
                defaults[key] = _checked(key, fields[name], fields, PROJECT_FILE)
    return defaults


def _declaration(key: str, declared: Mapping[str, object], project: str, source: str) -> Mapping[str, Any]:
    if key in declared:
        declaration = declared[key]
        return cast("dict[str, Any]", declaration) if isinstance(declaration, dict) else {}
    if key.startswith(f"{project}:"):
        known = ", ".join(sorted(name for name in declared if name.startswith(f"{project}:")))
        raise LaptopError(
            f"Unknown configuration key `{key}` in {source}.",
            f"Declare it in {PROJECT_FILE}, or use one of: {known}.",
        )
    return {}  # a provider's own key, such as aws:region


def _require(declared: Mapping[str, object], values: Mapping[str, str], stage_file: str) -> None:
    missing = sorted(key for key in declared if key not in values)
    if missing:
        raise LaptopError(
            f"No value is configured for {', '.join(missing)}.", f"Set it in {stage_file} or in TASKLINE_CONFIG."
        )


def _checked(key: str, value: Any, declaration: Mapping[str, Any], source: str) -> str:
    if fits(value, "object") and "secure" in value:
        raise LaptopError(
            f"`{key}` in {source} is encrypted, and only the Pulumi command line can read it.",
            "Set it as plain text in TASKLINE_CONFIG; the laptop needs no real secret.",
        )
    expected = declaration.get("type")
    if expected is not None and not _fits(value, expected, declaration.get("items")):
        raise LaptopError(f"`{key}` in {source} is {value!r}, which is not of type {expected}.", "Correct the value.")
    return engine_text(value)


def _fits(value: object, expected: str, items: Mapping[str, Any] | None) -> bool:
    if not fits(value, expected):
        return False
    if isinstance(value, list) and items:
        return all(_fits(item, items["type"], items.get("items")) for item in cast("list[object]", value))
    return True
