"""The Pulumi program evaluated once, and one laptop edition for all requests of the documents."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.host.options import PROJECT_ROOT
from tests.documents.running import live, programs
from tests.documents.running.checkout import CopiedLaptop, copy_project, write_files
from tests.documents.running.commands import TUTORIAL
from tests.documents.running.markdown import Document
from tests.documents.running.shell import Shell
from tests.infrastructure.recording import Stack
from tests.infrastructure.stages import evaluated


@pytest.fixture(scope="session")
def stack() -> Stack:
    """The stage dev."""
    return evaluated("dev")


@pytest.fixture(scope="session")
def checker(stack: Stack) -> Shell:
    """Checks commands and runs none."""
    return Shell(programs.checked(stack), programs.VARIABLES)


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project."""
    root: Path = tmp_path_factory.mktemp("documents")
    copy_project(root)
    return root


@pytest.fixture(scope="session")
def tutorial_files(checkout: Path) -> list[Path]:
    """The files of the tutorial, written into the copy."""
    return write_files(Document.read(PROJECT_ROOT / TUTORIAL), checkout)


@pytest.fixture(scope="session")
def laptop(checkout: Path, tutorial_files: list[Path]) -> Iterator[CopiedLaptop]:
    """A laptop edition with the task type of the tutorial."""
    assert tutorial_files
    laptop = CopiedLaptop(checkout)
    try:
        laptop.start()
        yield laptop
    finally:
        laptop.ensure_stopped()


@pytest.fixture(scope="session")
def runner(stack: Stack, laptop: CopiedLaptop) -> Shell:
    """Runs commands."""
    return Shell(live.running(stack, laptop), programs.VARIABLES | {"API": laptop.api})
