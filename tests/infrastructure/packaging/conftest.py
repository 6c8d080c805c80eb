"""A copy of the code to be packed."""

import shutil
from pathlib import Path

import pytest

from infrastructure.blocks import packaging
from tests.infrastructure.packaging.archives import ROOT


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of `functions/` that a test may change."""
    root = tmp_path / "copy"
    shutil.copytree(ROOT / "functions", root / "functions", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(packaging, "ROOT", root)
    return root / "functions"
