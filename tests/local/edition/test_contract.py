"""Schemathesis reads the document that the laptop serves, and checks the API against it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings, strategies

from functions.api.document.openapi import openapi_document
from functions.task_types import load_task_types
from functions.tasks.intake.submission import check
from local.host.options import PROJECT_ROOT
from tests.local.edition import formats as formats  # registers them
from tests.local.laptop import Laptop

pytestmark = pytest.mark.check

SECONDS = 12
CONFIG = Path(__file__).with_name("schemathesis.toml")


@pytest.fixture(name="api")
def _api(new_laptop: Callable[..., Laptop]) -> str:
    laptop = new_laptop()  # a separate one: the breaker is opened and closed, too, and may stay open
    laptop.start()
    return laptop.api


def run(api: str, where: Path, *options: str) -> str:
    """What Schemathesis prints about the API; the test fails if it found something."""
    command = [
        *(str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(CONFIG)),
        *("run", f"{api}/openapi.json", "--checks", "all", "--max-time", str(SECONDS), *options),
        *("--generation-deterministic", "--continue-on-failure", "--no-color"),
        # A NUL in a string is rejected, which JSON Schema cannot express for strings anywhere inside `data`.
        *("--generation-allow-x00", "false"),
        # DELETE cancels: the task can still be read.
        *("--exclude-checks", "use_after_free"),
    ]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "tests.local.edition.formats", "PYTHONPATH": str(PROJECT_ROOT)}
    done = subprocess.run(command, env=environment, cwd=where, capture_output=True, text=True, timeout=4 * SECONDS)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "No API operations" not in done.stdout
    return done.stdout


def test_the_api_conforms_to_its_document_whatever_is_sent(api: str, tmp_path: Path) -> None:
    run(api, tmp_path, "--phases", "examples,coverage,fuzzing,stateful")


@pytest.mark.nightly
def test_a_task_of_each_type_is_accepted_as_the_document_describes_it(api: str, tmp_path: Path) -> None:
    """In a run of its own: among all operations, there is time for a few tasks only."""
    run(api, tmp_path, "--include-operation-id", "submit_task", "--phases", "coverage,fuzzing")


@pytest.mark.parametrize("name", list(load_task_types()))
@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(drawn=strategies.data())
def test_each_type_takes_whatever_data_the_document_allows(name: str, drawn: strategies.DataObject) -> None:
    """Without HTTP there is time for many tasks."""
    body = json.dumps(drawn.draw(full_task(name).as_strategy()).body).replace("\\u0000", "")
    assert check(json.loads(body), load_task_types()).type == name


@cache
def full_task(name: str) -> Any:
    """The operation that submits a task, for this type alone and with all fields of its data: few are drawn if left
    to chance."""
    document = openapi_document(types=load_task_types())
    schemas = document["components"]["schemas"]
    schemas["NewTask"] = {
        **schemas[f"NewTask.{name}"],
        "required": ["title", "description", "priority", "type", "data"],
    }
    for data in (schema for own, schema in schemas.items() if own.startswith(f"{name}.") and "properties" in schema):
        data["required"] = list(data["properties"])
    return schemathesis.openapi.from_dict(document)["/tasks"]["POST"]
