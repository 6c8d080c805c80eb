"""An API for each test, and the command line that talks to it."""

from pathlib import Path

import pytest

from tests.steering.cli.fake_api import Api, Cli


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def cli(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.setattr("taskline.stages.CHECKOUT", tmp_path / "no-checkout")
    monkeypatch.chdir(tmp_path)
    return Cli(api, tmp_path)
