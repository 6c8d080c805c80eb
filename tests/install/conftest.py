"""One shelf of wheels for all tests; an index and a machine for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.install.index import Index, Shelf, serve
from tests.install.machine import Machine


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    return Shelf(tmp_path_factory.mktemp("wheels"))


@pytest.fixture
def index(shelf: Shelf) -> Iterator[Index]:
    with serve(shelf) as served:
        yield served


@pytest.fixture
def machine(tmp_path: Path, shelf: Shelf, index: Index) -> Machine:
    return Machine(tmp_path, shelf, index.url)
