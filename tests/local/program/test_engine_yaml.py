"""Which values the engine takes for which type, and what the program then gets. Measured with Pulumi 3.274."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.host.errors import LaptopError
from local.program.config import load_config

PROJECT = """
name: demo
runtime: python
config:
  demo:integer: {type: integer, default: 1}
  demo:boolean: {type: boolean, default: false}
  demo:string: {type: string, default: text}
"""
TAKEN = [
    *(('integer: "5"', "5"), ("integer: 5", "5"), ('integer: "05"', "05"), ('integer: "+5"', "+5")),
    *(("integer: 5.0", "5"), ('integer: "-3"', "-3"), ("integer: 1e2", "100"), ("integer: 0x10", "16")),
    *(("integer: 017", "15"), ("integer: 0o17", "15"), ("integer: 1_000", "1000")),
    *(
        ('boolean: "true"', "true"),
        ("boolean: true", "true"),
        ("boolean: True", "true"),
        ('boolean: "false"', "false"),
    ),
    *(('string: ""', ""), ("string:", ""), ('string: "5"', "5"), ("string: 5", "5"), ("string: true", "true")),
    *(("string: yes", "yes"), ("string: on", "on"), ("string: 5.5", "5.5"), ("string: 1e3", "1000")),
    ("string: 1:30", "1:30"),
]
REFUSED = [
    *(
        'integer: " 5"',
        "integer: 5.5",
        'integer: "5.0"',
        'integer: "1_000"',
        'integer: ""',
        "integer:",
        "integer: true",
    ),
    *('boolean: "True"', "boolean: yes", "boolean: on", "boolean: 1", 'boolean: "1"', 'boolean: ""'),
]


def configured(root: Path, line: str) -> str:
    (root / "Pulumi.yaml").write_text(PROJECT, encoding="utf-8")
    (root / "Pulumi.dev.yaml").write_text(f"config:\n  demo:{line}\n", encoding="utf-8")
    return load_config("dev", root=root)[f"demo:{line.partition(':')[0]}"]


@pytest.mark.parametrize(("line", "text"), TAKEN)
def test_a_value_that_the_engine_takes_is_taken_and_reads_the_same(tmp_path: Path, line: str, text: str) -> None:
    assert configured(tmp_path, line) == text


@pytest.mark.parametrize("line", REFUSED)
def test_a_value_that_the_engine_refuses_is_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(LaptopError, match=f"not of type {line.partition(':')[0]}"):
        configured(tmp_path, line)
