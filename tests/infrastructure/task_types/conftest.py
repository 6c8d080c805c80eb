"""Packages that are installed for one test only, with their types, their modules and their locks."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from infrastructure.blocks import packaging
from infrastructure.task_types import checked, locks
from tests.infrastructure.recording import Recording, Stack, run
from tests.packages import acme

SETTINGS: dict[str, Any] = {"taskTypePackages": "acme", "taskTypeEnvironment": {"INVOICE_BUCKET": "acme-invoices"}}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of packages; what is loaded from it is forgotten after the test."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    for name in [name for name in sys.modules if name.startswith("acme_tasks")]:
        monkeypatch.delitem(sys.modules, name)  # of another test's folder
    with acme.forgotten():
        yield folder


@pytest.fixture
def pools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the pools' locks, with one that has httpx; its wheels are installed without an index."""
    folder, wheels = tmp_path / "pools", tmp_path / "wheels"
    folder.mkdir(parents=True)
    stand_in = acme.httpx(wheels)
    monkeypatch.setattr(locks, "FOLDER", folder)
    monkeypatch.setattr(checked, "dependency_layer", lambda requirements: str(stand_in))
    monkeypatch.setattr(checked, "packages_of_this_machine", lambda requirements: str(stand_in))
    (folder / "rendering.txt").write_text(acme.lock(packaging.REQUIREMENTS, stand_in))
    return folder


@pytest.fixture
def evaluated(site: Path, pools: Path, layer: Path) -> Callable[..., Stack]:
    """The stage dev with the package, some files of it replaced, and some settings changed."""

    def evaluate(settings: dict[str, Any] | None = None, into: Recording | None = None, **files: str) -> Stack:
        acme.install(site, **files)
        return run("dev", layer, into=into, **(SETTINGS | (settings or {})))

    return evaluate
