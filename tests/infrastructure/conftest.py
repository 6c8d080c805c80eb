"""The program, evaluated once as an update and once as a preview, for all tests that only read."""

import zipfile
from pathlib import Path

import pytest

from tests.infrastructure.recording import Stack, run


@pytest.fixture(scope="session")
def layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dependency layer, so that no evaluation builds one."""
    path = tmp_path_factory.mktemp("layer") / "layer.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("python/nothing.py", "")
    return path


@pytest.fixture(scope="session")
def stack(layer: Path) -> Stack:
    """The stage dev as an update: all ids, ARNs and URLs are known."""
    return run("dev", layer)


@pytest.fixture(scope="session")
def preview(layer: Path) -> Stack:
    """The stage dev as the preview of a first deployment: only what the program itself sets is known."""
    return run("dev", layer, preview=True)
