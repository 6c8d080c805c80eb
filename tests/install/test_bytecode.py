"""The first start finds its bytecode, because the installation wrote it."""

from pathlib import Path

import pytest

from requirements.install import IMPORTED_BY_A_START
from tests.local.laptop import Laptop

pytestmark = pytest.mark.check


@pytest.mark.nightly
def test_the_installation_compiles_most_of_what_a_start_imports(tmp_path: Path) -> None:
    """Given an empty cache elsewhere, Python writes the bytecode of whatever it imports."""
    laptop = Laptop(tmp_path / "state")
    try:
        laptop.start(PYTHONPYCACHEPREFIX=str(tmp_path / "cache"), PYTHONDONTWRITEBYTECODE="")
    finally:
        laptop.ensure_stopped()
    (site,) = (tmp_path / "cache").rglob("site-packages")
    imported = [path.relative_to(site).as_posix() for path in site.rglob("*.pyc")]
    assert len(imported) > 500
    left = [name for name in imported if not any(name.startswith(f"{path}/") for path in IMPORTED_BY_A_START)]
    left = [name for name in left if name.count("/") > 1 or not name.startswith("pulumi_aws/")]
    assert len(left) < len(imported) / 4, sorted(left)
