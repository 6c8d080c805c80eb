"""The embedded emulator as another account of AWS, and the Pulumi CLI on it."""

import gc
import os
import re
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest

from infrastructure.pipeline import patience
from infrastructure.preview import command
from local.emulator.clients import Clients
from local.emulator.server import Emulator
from local.host.state_dir import StateDir
from local.program.resources.handler import ProvisioningContext
from tests.engine.changes import Key, resources
from tests.engine.engine import Engine
from tests.engine.provider.cloud import Cloud
from tests.engine.provider.server import Provider, serving
from tests.infrastructure.recording import run
from tests.packages import acme

# Not the account of emulators: for the program this is AWS, where a stack has to be closed.
ACCOUNT = "123456789012"
REGION = "us-east-1"


def _layer(folder: Path, content: str) -> Path:
    path = folder / f"{content}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("python/content.py", f"CONTENT = '{content}'")
    return path


@pytest.fixture(scope="session")
def layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dependency layer, so that none is built."""
    return _layer(tmp_path_factory.mktemp("layer"), "one")


@pytest.fixture(scope="session")
def other_layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _layer(tmp_path_factory.mktemp("layer"), "another")


@pytest.fixture(scope="session")
def usual(layer: Path) -> Iterator[dict[Key, dict[str, Any]]]:
    """The resources of the stage dev as it is, evaluated without the engine."""
    yield resources(run("dev", layer))
    gc.unfreeze()


@pytest.fixture(scope="session")
def frozen(usual: dict[Key, dict[str, Any]]) -> None:
    """Pulumi's modules for AWS are a million objects: not looking through them again saves a third of the time."""
    gc.freeze()


@pytest.fixture(scope="session")
def cli() -> str:
    """The Pulumi CLI. Without it, the tests that need it are skipped, and the summary says so."""
    found = command(os.environ)
    if found is None:
        pytest.skip(
            "the Pulumi CLI is not on the PATH and not in ~/.pulumi/bin: the program was not run by its engine"
        )
    return found


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    state = StateDir(tmp_path_factory.mktemp("emulator"))
    state.prepare()
    emulator = Emulator(state, REGION, lambda _: None, {"MINISTACK_ACCOUNT_ID": ACCOUNT}, journaled=False)
    emulator.start()
    try:
        emulator.wait_until_ready()
        clients = Clients(emulator.endpoint, REGION)
        yield Cloud(
            ProvisioningContext(clients=clients, account=ACCOUNT, region=REGION, public_url="https://api.example.com")
        )
    finally:
        emulator.stop()


@pytest.fixture(scope="module", autouse=True)
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A package of task types that settings can name."""
    site = tmp_path_factory.mktemp("site")
    types = re.sub(r"        (extra|secrets)=.*\n", "", acme.TYPES)
    acme.install(site, types=types, rendering=acme.RENDERING.replace("import httpx\n", ""))
    with mock.patch.object(sys, "path", [str(site), *sys.path]), acme.forgotten():
        yield


@pytest.fixture(scope="session", autouse=True)
def slept() -> Iterator[list[float]]:
    """For how long the hooks of the pipe wanted to wait: here nothing is late."""
    seconds: list[float] = []
    with mock.patch.object(patience, "time", SimpleNamespace(sleep=seconds.append)):
        yield seconds


@pytest.fixture(scope="session")
def provider(cloud: Cloud) -> Provider:
    return Provider(cloud)


@pytest.fixture(scope="module")
def engine(cli: str, frozen: None, provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with serving(provider) as port:
        yield Engine(cli, tmp_path_factory.mktemp("engine") / "work", port)
