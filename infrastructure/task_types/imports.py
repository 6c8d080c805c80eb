"""Which modules a task type imports, read from the source: found out before anything is deployed, not by a crash."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

SHIPPED = "functions.task_types"


@dataclass(frozen=True, kw_only=True)
class Import:
    """An import of a module that is neither Python's nor this project's: its top-level name, and where it is."""

    root: str
    file: Path
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {self.root}"


def foreign_imports(module: str, own: frozenset[str], *, deferred: bool) -> list[Import]:
    """The imports of a module, and of those modules with the top-level names `own` that it imports.

    With `deferred` also those inside functions, which happen later. An import that may fail, in a `try` that catches
    `ImportError`, is none, and neither is one for type checkers. `ModuleNotFoundError` if there is no such module.
    """
    if _source(module) is None:
        raise ModuleNotFoundError(f"there is no module {module}")
    found: list[Import] = []
    waiting, seen = [module], set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        source = _source(name)
        if source is None:
            continue
        for line, imported in _imports(name, source, deferred):
            root = imported.partition(".")[0]
            if root in own or imported.startswith(SHIPPED):
                waiting.append(imported)
            elif root != "functions" and root not in sys.stdlib_module_names:
                found.append(Import(root=root, file=source, line=line))
    return found


def _source(module: str) -> Path | None:
    """The file of a module; None if this is no module, but a name in one."""
    try:
        spec = find_spec(module)
    except ModuleNotFoundError:
        return None
    return Path(spec.origin) if spec and spec.origin and spec.origin.endswith(".py") else None


def _imports(module: str, source: Path, deferred: bool) -> Iterator[tuple[int, str]]:
    package = module if source.name == "__init__.py" else module.rpartition(".")[0]
    for node in _statements(ast.parse(source.read_bytes(), filename=str(source)), deferred):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, package)
            yield node.lineno, base
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names if alias.name != "*")


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parents = package.split(".")[: len(package.split(".")) - node.level + 1]
    return ".".join((*parents, *((node.module,) if node.module else ())))


def _statements(node: ast.AST, deferred: bool) -> Iterator[ast.AST]:
    """The parts of a module that run when it is imported, and with `deferred` those that run later."""
    for child in _parts(node):
        yield child
        if deferred or not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _statements(child, deferred)


def _parts(node: ast.AST) -> Iterator[ast.AST]:
    skipped = node.body if isinstance(node, ast.Try | ast.If) and _may_not_run(node) else ()
    return (child for child in ast.iter_child_nodes(node) if child not in skipped)


def _may_not_run(node: ast.Try | ast.If) -> bool:
    if isinstance(node, ast.If):
        return "TYPE_CHECKING" in ast.unparse(node.test)
    return any(map(_catches_import_errors, node.handlers))


def _catches_import_errors(handler: ast.ExceptHandler) -> bool:
    caught = "Exception" if handler.type is None else ast.unparse(handler.type)
    return any(name in caught for name in ("ImportError", "ModuleNotFoundError", "Exception"))
