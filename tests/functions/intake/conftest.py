"""For the tests of refusals."""

from collections.abc import Iterator

import pytest

from tests.functions.conftest import Pipeline


@pytest.fixture
def no_effect(pipeline: Pipeline) -> Iterator[None]:
    """After the test: nothing is queued or recorded."""
    yield
    pipeline.assert_untouched()
