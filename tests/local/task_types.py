"""Adds a task type to a running laptop edition."""

from __future__ import annotations

import shutil
from pathlib import Path

import pulumi

from local.host.options import PROJECT_ROOT
from local.program.resources.functions import packages
from tests.local.laptop import Laptop, let_changes_take_effect


def deploy_task_type(laptop: Laptop, folder: Path, source: str) -> None:
    """Deploy the functions again, with this module among the task types. `folder` takes their code."""
    shutil.copytree(PROJECT_ROOT / "functions", folder / "functions")
    (folder / "functions" / "task_types" / "of_a_test.py").write_text(source, encoding="utf-8")
    for name in ("taskline-dev-validator", "taskline-dev-processor"):
        code = packages.package(pulumi.FileArchive(str(folder)), name)
        laptop.clients.lambda_.update_function_code(FunctionName=name, ZipFile=code)
    let_changes_take_effect()
