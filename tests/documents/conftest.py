"""The Pulumi program evaluated once, and one laptop edition for all requests of the documents."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.documents.running import live, programs
from tests.documents.running.shell import Shell
from tests.infrastructure.recording import Stack, run
from tests.local.laptop import Laptop


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """The stage dev. Its dependency layer is empty, so that none is built."""
    layer: Path = tmp_path_factory.mktemp("layer") / "layer.zip"
    with zipfile.ZipFile(layer, "w") as archive:
        archive.writestr("python/nothing.py", "")
    return run("dev", layer)


@pytest.fixture(scope="session")
def checker(stack: Stack) -> Shell:
    """Checks commands and runs none."""
    return Shell(programs.checked(stack), programs.VARIABLES)


@pytest.fixture(scope="session")
def runner(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """Runs commands. The laptop edition keeps its state where the documents say, below the folder they run in."""
    laptop = Laptop(tmp_path_factory.mktemp("documents") / ".taskline")
    try:
        laptop.start()
        yield Shell(live.running(stack, laptop), programs.VARIABLES | {"API": laptop.api})
    finally:
        laptop.ensure_stopped()
