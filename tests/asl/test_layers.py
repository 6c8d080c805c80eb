"""Imports inside `asl` point one way, from the command line down to the values of JSONata."""

import ast
import sys
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[2]
LAYERS = (
    "asl",
    "asl.states",
    "asl.integrations",
    "asl.execution",
    "asl.definition",
    "asl.jsonpath",
    "asl.core",
    "asl.jsonata",
    "asl.jsonata.library",
    "asl.jsonata.compiler",
    "asl.jsonata.runtime",
)
"""Folders from top to bottom: each may import those after it."""

THIRD_PARTY = {"boto3", "botocore", "jsonata"}

MODULES = {
    path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__"): path
    for path in (ROOT / "asl").rglob("*.py")
}


def imported(path):
    """The dotted names that a file imports, wherever the import stands."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {
                full if (full := f"{node.module}.{alias.name}") in MODULES else node.module for alias in node.names
            }
    return names


IMPORTS = {module: imported(path) for module, path in MODULES.items()}


def layer_of(module):
    """The position of a module's folder among the layers."""
    return LAYERS.index(".".join(MODULES[module].relative_to(ROOT).parent.parts))


def test_no_module_imports_itself_through_others():
    TopologicalSorter({module: names & MODULES.keys() for module, names in IMPORTS.items()}).prepare()


def test_folders_import_only_folders_below_them():
    for module, names in IMPORTS.items():
        for name in names & MODULES.keys():
            assert layer_of(module) <= layer_of(name), f"{module} imports {name}"


def test_other_packages_use_jsonata_through_its_front_door():
    for module, names in IMPORTS.items():
        if not module.startswith("asl.jsonata"):
            inner = {name for name in names if name.startswith("asl.jsonata.")}
            assert not inner, f"{module} imports {inner}"


def test_asl_imports_nothing_else_of_the_project():
    for module, names in IMPORTS.items():
        for name in names:
            top = name.split(".")[0]
            known = top == "asl" or top in THIRD_PARTY or top in sys.stdlib_module_names
            assert known, f"{module} imports {name}"
