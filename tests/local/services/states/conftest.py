"""The beginning of processes that have one file of executions."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.local.services.fake_aws import ROLE, FakeAws
from tests.local.services.states.processes import FUNCTION, Functions, Process, States


@pytest.fixture
def aws() -> FakeAws:
    aws = FakeAws()
    aws.allowed.append(ROLE)
    aws.resources = [FUNCTION]
    return aws


@pytest.fixture
def functions() -> Functions:
    return Functions()


@pytest.fixture
def begun(aws: FakeAws, functions: Functions, tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """Begins a process for a machine of these states. All have one file."""
    processes: list[Process] = []

    def begin(states: States, now: Callable[[], float] = time.time, resumes: bool = True) -> Process:
        definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states}
        aws.machine |= {"type": "STANDARD", "definition": json.dumps(definition)}
        processes.append(Process(aws, tmp_path / "executions", functions, now, resumes))
        return processes[-1]

    yield begin
    functions.may_return = True
    for process in processes:
        process.close()
