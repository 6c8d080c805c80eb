"""Which room of the laptop edition may import from which, and what its start must not load too early."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.host.options import PROJECT_ROOT

PACKAGE = PROJECT_ROOT / "local"
# Every room may import from those below it.
ROOMS = ("services", "program", "emulator", "host")
PROGRAM = ("registry", "resources", "declarations")
# Each service with the services that it may import from.
SERVICES = {
    "alarms": set[str](),
    "gateway": {"http"},
    "http": {"lambdas"},
    "lambdas": {"logs", "metrics"},
    "logs": set[str](),
    "metrics": set[str](),
    "pipes": {"lambdas"},
    "states": {"lambdas", "logs", "pipes"},
    "streams": {"lambdas"},
}


def imported(path: Path) -> Iterator[str]:
    """The modules that a file imports, those for type checking included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{name.name}" for name in node.names)


def imports(room: str) -> set[str]:
    """What the modules of a room import from the laptop edition, as dotted names below `local`."""
    folder = PACKAGE / room.replace(".", "/")
    files = folder.rglob("*.py") if folder.is_dir() else [folder.with_suffix(".py")]
    names = {name for file in files for name in imported(file)}
    return {name.removeprefix("local.") for name in names if name.startswith("local.")}


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_import_only_from_those_below(room: str) -> None:
    below = ROOMS[ROOMS.index(room) :]
    assert {name for name in imports(room) if name.split(".")[0] not in below} == set()


@pytest.mark.parametrize("room", PROGRAM)
def test_the_rooms_of_the_program_import_only_from_those_below(room: str) -> None:
    above = PROGRAM[: PROGRAM.index(room)]
    used = {name.split(".")[1] for name in imports(f"program.{room}") if name.startswith("program.")}
    assert used & set(above) == set()


def test_every_service_is_listed() -> None:
    assert {path.parent.name for path in PACKAGE.glob("services/*/__init__.py")} == set(SERVICES)


@pytest.mark.parametrize("service", SERVICES)
def test_services_import_only_from_those_below(service: str) -> None:
    used = {name.split(".")[1] for name in imports(f"services.{service}") if name.startswith("services.")}
    assert used - {service} <= SERVICES[service]


def test_the_emulator_starts_before_the_slow_packages_are_loaded() -> None:
    program = "import sys, local.edition; print(*{'pulumi', 'boto3', 'botocore'} & sys.modules.keys())"
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True
    )
    assert ended.stdout.split() == [], "they take a second, in which the emulator can start"
