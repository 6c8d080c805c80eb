"""Which module imports which: read off the imports themselves, wherever in a file they stand."""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
_LATER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def modules(*folders: str) -> dict[str, Path]:
    """All modules below some folders, by their dotted names."""
    return {
        path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__"): path
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.py"))
    }


@cache
def imports(path: Path, *, at_start: bool = False) -> frozenset[str]:
    """The dotted names that a file imports while it runs, or `at_start` as soon as it is imported itself; those for
    the type checker alone do not count.
    """
    return frozenset(_imports(ast.parse(path.read_text()), _LATER if at_start else ()))


def _imports(node: ast.AST, left_out: tuple[type[ast.AST], ...]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (name.name for name in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports are absolute"
        yield from (f"{node.module}.{name.name}" for name in node.names)
    for child in ast.iter_child_nodes(node):
        for_types = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        if not for_types and not isinstance(child, left_out):
            yield from _imports(child, left_out)


def within(name: str, *rooms: str) -> bool:
    """Whether a module or a name in it belongs to one of the rooms."""
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


def arrows(known: Mapping[str, Path], *, at_start: bool = False) -> dict[str, set[str]]:
    """For each module, the modules among these that it imports."""
    return {
        module: {_module(name, known) for name in imports(path, at_start=at_start)} - {"", module}
        for module, path in known.items()
    }


def _module(name: str, known: Mapping[str, Path]) -> str:
    return name if name in known else name.rpartition(".")[0] if name.rpartition(".")[0] in known else ""


def between_rooms(known: Mapping[str, Path]) -> dict[str, set[str]]:
    """For each folder, the folders that its modules import from. Commands stand above their rooms and do not count."""
    rooms: dict[str, set[str]] = {}
    for module, imported in arrows(known).items():
        if known[module].stem == "__main__":
            continue
        room = rooms.setdefault(_room(known[module]), set())
        room |= {_room(known[one]) for one in imported} - {_room(known[module])}
    return rooms


def _room(path: Path) -> str:
    return path.parent.relative_to(ROOT).as_posix()


def reachable(start: str, graph: Mapping[str, set[str]]) -> set[str]:
    """All that can be reached along the arrows; the start itself only if it lies on a circle."""
    seen: set[str] = set()
    waiting = list(graph.get(start, ()))
    while waiting:
        one = waiting.pop()
        if one not in seen:
            seen.add(one)
            waiting += graph.get(one, ())
    return seen


def circles(graph: Mapping[str, set[str]]) -> list[str]:
    """What can be reached from itself."""
    return sorted(one for one in graph if one in reachable(one, graph))
