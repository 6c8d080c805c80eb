"""YAML and values as the Pulumi engine reads them, which differs from PyYAML: `yes` is a text, and `1e2` a number."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

# https://yaml.org/spec/1.2.2/#103-core-schema, with the octal and underscored numbers of YAML 1.1.
SCALARS = (
    ("tag:yaml.org,2002:bool", re.compile(r"true|True|TRUE|false|False|FALSE"), "tTfF"),
    ("tag:yaml.org,2002:null", re.compile(r"~|null|Null|NULL|"), ["~", "n", "N", ""]),
    (
        "tag:yaml.org,2002:int",
        re.compile(r"[-+]?(0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|0|[1-9][0-9_]*)"),
        "-+0123456789",
    ),
    ("tag:yaml.org,2002:float", re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"), "-+.0123456789"),
    ("tag:yaml.org,2002:merge", re.compile(r"<<"), "<"),
)
INTEGER = re.compile(r"[-+]?[0-9]+")


# libyaml's parser, where PyYAML has it: it takes a tenth of the time.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _EngineLoader(_Loader):
    """`yes` and `on` are texts, and so are dates, which the engine adds a time to. No resolver is inherited."""

    yaml_implicit_resolvers: dict[str, list[Any]] = {}  # noqa: RUF012 - PyYAML keeps its resolvers in the class


def _whole(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    return loader.construct_yaml_int(yaml.ScalarNode(node.tag, node.value.replace("0o", "0"), node.start_mark))


for _tag, _pattern, _first in SCALARS:
    _EngineLoader.add_implicit_resolver(_tag, re.compile(rf"(?:{_pattern.pattern})\Z"), list(_first))
_EngineLoader.add_constructor("tag:yaml.org,2002:int", _whole)


def load(text: str) -> object:
    """The document; `yaml.YAMLError` if it is none."""
    return yaml.load(text, _EngineLoader)  # noqa: S506 - a subclass of the safe loader


def engine_text(value: object) -> str:
    """A value as the engine hands it to a program: whole numbers without a fraction, nothing as an empty text."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value)


def fits(value: object, expected: str) -> bool:
    """Whether the engine takes the value for a type of `Pulumi.yaml`; a text that spells a number is one.

    `"5"`, `"05"`, `"+5"` and `5.0` are integers, `" 5"`, `5.5` and `true` are not. `"true"` is a boolean, `"True"` and
    `yes` are not. `pulumi config set` writes quoted values.
    """
    if expected == "array":
        return isinstance(value, list)
    if expected == "object":
        return isinstance(value, dict)
    if isinstance(value, list | dict):
        return False
    text = engine_text(value)
    return {
        "integer": INTEGER.fullmatch(text) is not None,
        "boolean": text in ("true", "false"),
        "string": True,
    }.get(expected, False)
