"""Changed task types reach the functions, and what does not take effect at once is said."""

import json
import subprocess
import sys
from typing import Any

import pytest

from local.host.options import PROJECT_ROOT
from local.reload import DESCRIBE, Reloader


class Client:
    def __init__(self) -> None:
        self.updated: list[str] = []

    def update_function_code(self, *, FunctionName: str, ZipFile: bytes) -> None:  # noqa: N803 boto3's names
        assert ZipFile.startswith(b"PK")
        self.updated.append(FunctionName)


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    command = [sys.executable, "-m", DESCRIBE]
    return json.loads(subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, check=True).stdout)


class Reloading:
    """One reload, with what it updates and says."""

    def __init__(self, deployed: dict[str, Any], *packages: str) -> None:
        self.client, self.said = Client(), list[str]()
        reloader = Reloader(
            self.client, packages=packages, deployed=deployed, functions=["one", "two"], say=self.said.append
        )
        reloader._stop.set()  # it would wait until the code has reached everyone
        reloader.reload()


def test_every_function_gets_the_code(described: dict[str, Any]) -> None:
    done = Reloading(described["task_types"])
    assert done.client.updated == ["one", "two"]
    assert done.said == ["The task types have changed: the functions have the new code."]


def test_a_new_type_that_needs_nothing_takes_effect(described: dict[str, Any]) -> None:
    known = {name: one for name, one in described["task_types"].items() if name != "demo.echo"}
    assert len(Reloading(known).said) == 1


def test_what_a_type_needs_takes_effect_with_the_next_start(described: dict[str, Any]) -> None:
    echo = {**described["task_types"]["demo.echo"], "secrets": ["a secret that it needed before"]}
    done = Reloading({**described["task_types"], "demo.echo": echo})
    assert done.client.updated == ["one", "two"], "the code is new all the same"
    assert "What demo.echo needs" in done.said[1]
    assert "when you stop and start again" in done.said[1]


def test_types_that_cannot_be_described_leave_the_functions_as_they_are(described: dict[str, Any]) -> None:
    done = Reloading(described["task_types"], "a package that is not installed")
    assert done.client.updated == []
    assert "the earlier ones stay" in done.said[0]
    assert "no installed package" in done.said[0]
