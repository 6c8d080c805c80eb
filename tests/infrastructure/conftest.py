"""The program, evaluated once as an update and once as a preview, for all tests that only read."""

from pathlib import Path

import pytest

from tests.infrastructure import stages
from tests.infrastructure.recording import Stack, run


@pytest.fixture(scope="session")
def layer() -> Path:
    """A dependency layer, so that no evaluation builds one."""
    return stages.layer()


@pytest.fixture(scope="session")
def stack() -> Stack:
    """The stage dev as an update: all ids, ARNs and URLs are known."""
    return stages.evaluated("dev")


@pytest.fixture(scope="session")
def preview(layer: Path) -> Stack:
    """The stage dev as the preview of a first deployment: only what the program itself sets is known."""
    return run("dev", layer, preview=True)
