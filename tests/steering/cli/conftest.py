"""An API for each test, and the command line that talks to it."""

from pathlib import Path

import pytest

from taskline.client import sync
from taskline.client.basis.settings import Clock
from tests.steering.cli.fake_api import Api, Cli


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def cli(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    impatient = Clock(sleep=lambda _seconds: None)  # between two tries
    monkeypatch.setattr(sync, "Clock", lambda: impatient)
    monkeypatch.setattr("taskline.stages.CHECKOUT", tmp_path / "no-checkout")
    monkeypatch.chdir(tmp_path)
    return Cli(api, tmp_path)
