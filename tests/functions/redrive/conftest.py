"""For the tests on moto's table and queues."""

import pytest

from tests.functions.conftest import Pipeline


@pytest.fixture
def pipeline(own_pipeline: Pipeline) -> Pipeline:
    """Separate queues for each test: redrive sweeps a whole queue."""
    return own_pipeline
