"""README and tutorial show what really happens."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from local.host.options import PROJECT_ROOT
from tests.documents.running.checkout import CopiedLaptop
from tests.documents.running.commands import TUTORIAL
from tests.documents.running.examples import differences, missing
from tests.documents.running.live import DOCUMENTED_URL
from tests.documents.running.markdown import Document

pytestmark = pytest.mark.check


@pytest.mark.parametrize("name", ["README.md", TUTORIAL])
def test_each_request_has_the_response_that_is_shown(name: str, laptop: CopiedLaptop):
    problems = list(differences(Document.read(PROJECT_ROOT / name), laptop))
    assert not problems, "\n".join(problems)


def test_a_start_prints_what_the_tutorial_shows(laptop: CopiedLaptop):
    (shown,) = [
        block.text for language, block in Document.read(PROJECT_ROOT / TUTORIAL).fences() if language == "text"
    ]
    assert laptop.output.startswith(shown.replace(DOCUMENTED_URL, laptop.url))


def test_the_test_of_the_tutorial_passes(laptop: CopiedLaptop, tutorial_files: list[Path]):
    (test,) = [path for path in tutorial_files if path.name.startswith("test_")]
    command = [sys.executable, "-m", "pytest", "-n0", str(test)]
    done = subprocess.run(command, cwd=laptop.root, capture_output=True, text=True, timeout=60, check=False)
    assert "4 passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("shown", "real", "found"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, []),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, ["it, a, 0, b is 2, not 1"]),
        ({"a": [1]}, {"a": [1, 2]}, ["it, a is [1, 2], not [1]"]),
        ({"a": 1}, None, ["it is None, not {'a': 1}"]),
        ("at 2026-11-26T12:00:00.000Z", "at 2027-01-01T00:00:00.123Z", []),
        ("/v1/tasks/019aa8f0-5d3b-7c41-9a51-0c6f0c8a2f11", "/v1/tasks/01a2185c-70cd-721e-8320-34808c4b8238", []),
    ],
)
def test_a_difference_is_noticed(shown: object, real: object, found: list[str]):
    assert list(missing(shown, real, "it")) == found
