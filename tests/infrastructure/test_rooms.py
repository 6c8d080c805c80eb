"""The rooms of the infrastructure: which may use which."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Room -> the rooms that it may import from, besides itself. Rooms share resources through `blocks/refs.py`.
USES = {
    "blocks": set[str](),
    "settings": {"blocks"},
    "pipeline": {"blocks", "settings"},
    "api": {"blocks", "settings"},
    "watch": {"blocks", "settings"},
}


def imported(room: str) -> set[str]:
    """The rooms that the files of a room import from."""
    modules = {
        node.module
        for path in (ROOT / "infrastructure" / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module
    }
    return {module.split(".")[1] for module in modules if module.startswith("infrastructure.")}


def test_every_room_is_known() -> None:
    assert {path.parent.name for path in (ROOT / "infrastructure").glob("*/__init__.py")} == set(USES)


@pytest.mark.parametrize("room", USES)
def test_a_room_uses_only_the_rooms_below_it(room: str) -> None:
    assert imported(room) - {room} <= USES[room]
