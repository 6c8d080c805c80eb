"""What the infrastructure takes from the task types, as plain data: an output of the stack, compared by a reload.

`python -m infrastructure.task_types.describe acme` prints it for the types of this project and of packages, as they
are now, with the archive of the functions that has them.
"""

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from functions.task_types import load_task_types
from functions.tasks.registry import TaskType
from infrastructure.blocks.packaging import functions_archive
from infrastructure.settings.checks import SettingsError
from infrastructure.task_types.packages import files_of, find_packages


def describe(types: Iterable[TaskType]) -> dict[str, Any]:
    """By the names of the types: their retry policies and their needs, with their pools."""
    return {one.name: {"retry": asdict(one.retry), **_needs(one)} for one in types}


def _needs(one: TaskType) -> dict[str, Any]:
    """As it comes out of JSON, without what is not needed."""
    needs = json.loads(json.dumps(asdict(one.needs)))
    needs["pool"] = {name: value for name, value in needs["pool"].items() if value}
    return {name: value for name, value in needs.items() if value}


def main(names: list[str]) -> int:
    """Print `{"task_types", "broken", "archive", "folders"}` as JSON. Returns the exit code."""
    try:
        packages = find_packages(names)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    types = load_task_types(package.module for package in packages)
    archive = functions_archive(others=files_of(packages))
    folders = sorted({str(path.parent) for path, _ in files_of(packages)})
    found: dict[str, Any] = {"task_types": describe(types.types()), "broken": types.broken}
    print(json.dumps({**found, "archive": archive, "folders": folders}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
