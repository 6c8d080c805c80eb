"""A task type that leaves a trace outside of the system, and what the traces say."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

from local.host.options import PROJECT_ROOT

TYPE = "test.witnessed"
PROGRAM = ("functions", "infrastructure", "asl", "local", "statemachine", "requirements", "taskline")
SOURCE = '''
"""Writes down each of its runs."""

import os
import time

from pydantic import BaseModel

from functions.tasks.errors import TaskValidationError
from functions.tasks.model import Task
from functions.tasks.registry import task_type


class Witnessed(BaseModel):
    """Which task of which key it is, and whether it can succeed."""

    key: str
    number: int
    fails: bool = False


@task_type("test.witnessed", data=Witnessed)
def run(task: Task, data: Witnessed) -> dict[str, int]:
    """Append a line when it starts, in one write, and take a moment."""
    file = os.open({traces!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(file, f"{{data.key}} {{data.number}} {{time.time()}}\\n".encode())
    finally:
        os.close(file)
    time.sleep(0.05)
    if data.fails:
        raise TaskValidationError("as it was asked to")
    return {{"number": data.number}}
'''


class Run(NamedTuple):
    """The start of one run of a task."""

    key: str
    number: int
    at: float


def project_with_witness(folder: Path, traces: Path) -> Path:
    """A copy of the project that knows the task type; its runs are appended to `traces`."""
    for name in PROGRAM:
        shutil.copytree(PROJECT_ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for file in (*PROJECT_ROOT.glob("Pulumi*.yaml"), PROJECT_ROOT / "__main__.py", PROJECT_ROOT / "pyproject.toml"):
        shutil.copy(file, folder)
    (folder / "functions" / "task_types" / "witnessed.py").write_text(SOURCE.format(traces=str(traces)))
    return folder


def read_traces(traces: Path) -> list[Run]:
    """All runs so far, in their order."""
    lines = traces.read_text(encoding="utf-8").splitlines() if traces.exists() else []
    return [Run(key, int(number), float(at)) for key, number, at in map(str.split, lines)]
