"""One running laptop edition for all tests that only use it; tests that stop or break one start their own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.services.pipes.runner import POLL_SECONDS
from tests.local.laptop import Laptop
from tests.local.services.fake_lambda import Functions


@pytest.fixture(scope="session")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    running = Laptop(tmp_path_factory.mktemp("laptop") / "state")
    running.start()
    yield running
    running.ensure_stopped()


@pytest.fixture
def new_laptop(tmp_path: Path) -> Iterator[Callable[..., Laptop]]:
    """Makes laptops that are stopped after the test. They share one state directory by default."""
    made: list[Laptop] = []

    def make(state: str = "state", port: int | None = None, **config: object) -> Laptop:
        made.append(Laptop(tmp_path / state, port, config) if config else Laptop(tmp_path / state, port))
        return made[-1]

    yield make
    for one in reversed(made):
        one.ensure_stopped()


@pytest.fixture
def functions(tmp_path: Path) -> Iterator[Functions]:
    """Functions that run as on the laptop, but without an emulator."""
    made = Functions(tmp_path)
    yield made
    made.close()


@pytest.fixture
def quick_redelivery(laptop: Laptop) -> Iterator[None]:
    """A message that was not processed becomes visible again after two seconds instead of minutes."""
    url, sqs = laptop.outputs["queue_url"], laptop.clients.sqs
    usual = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "2"})
    time.sleep(POLL_SECONDS + 0.1)  # a receive in flight still has the previous timeout
    yield
    sqs.set_queue_attributes(QueueUrl=url, Attributes=usual)
