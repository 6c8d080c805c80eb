"""The pytest fixture. Import it into a conftest.py: `from asl.testing.moto.fixtures import express`."""

from collections.abc import Generator

import pytest
from moto import mock_aws

from asl.testing.moto.blocks import sync_executions
from asl.testing.moto.executions import SyncExecutions


@pytest.fixture
def express() -> Generator[SyncExecutions]:
    """moto, with StartSyncExecution on a virtual clock. Tests put their functions into `express.functions`."""
    with mock_aws(), sync_executions() as runs:
        yield runs
