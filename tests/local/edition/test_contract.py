"""Schemathesis reads the document that the laptop serves, and checks the API against it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from local.host.options import PROJECT_ROOT
from tests.local.laptop import Laptop

pytestmark = pytest.mark.check

SECONDS = 25
CONFIG = Path(__file__).with_name("schemathesis.toml")


def test_the_api_conforms_to_its_document_whatever_is_sent(new_laptop: Callable[..., Laptop], tmp_path: Path) -> None:
    laptop = new_laptop()  # a separate one: the breaker is opened and closed, too, and may stay open
    laptop.start()
    command = [
        *(str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(CONFIG)),
        *("run", f"{laptop.api}/openapi.json"),
        *("--checks", "all", "--phases", "examples,coverage,fuzzing,stateful", "--max-time", str(SECONDS)),
        *("--generation-deterministic", "--continue-on-failure", "--no-color"),
        # A NUL in a string is rejected, which JSON Schema cannot express for strings anywhere inside `data`.
        *("--generation-allow-x00", "false"),
        # DELETE cancels: the task can still be read.
        *("--exclude-checks", "use_after_free"),
    ]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "tests.local.edition.formats", "PYTHONPATH": str(PROJECT_ROOT)}
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=4 * SECONDS)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "No API operations" not in done.stdout
