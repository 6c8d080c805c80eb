"""Imports inside `asl` point one way, from the command line down to the values of JSONata."""

import sys

from tests.architecture.imports import between_rooms, imports, modules, within

# Folders from top to bottom: each may import those after it.
LAYERS = (
    "asl/testing/moto",
    "asl/testing",
    "asl",
    "asl/states",
    "asl/integrations",
    "asl/execution",
    "asl/definition",
    "asl/jsonpath",
    "asl/core",
    "asl/jsonata",
    "asl/jsonata/library",
    "asl/jsonata/compiler",
    "asl/jsonata/runtime",
)
THIRD_PARTY = {"boto3", "botocore", "jsonata"}
DOUBLES = {"asl.testing.moto": {"moto"}, "asl.testing.moto.fixtures": {"moto", "pytest"}}
"""What a room for tests may import besides: nothing outside of it does, so it is loaded by those who use it alone."""
MODULES = modules("asl")


def test_folders_import_only_folders_below_them() -> None:
    rooms = between_rooms(MODULES)
    assert set(rooms) == set(LAYERS)
    for room, imported in rooms.items():
        assert imported <= set(LAYERS[LAYERS.index(room) + 1 :]), f"{room} imports {imported}"


def test_other_packages_use_jsonata_through_its_front_door() -> None:
    for module, path in MODULES.items():
        if not within(module, "asl.jsonata"):
            inner = [name for name in imports(path) if name.startswith("asl.jsonata.") and name.count(".") > 2]
            assert not inner, f"{module} imports {inner}"


def test_asl_imports_nothing_else_of_the_project() -> None:
    for module, path in MODULES.items():
        besides = DOUBLES.get(module, DOUBLES.get(module.rpartition(".")[0], set[str]()))
        for name in imports(path):
            top = name.split(".")[0]
            known = top == "asl" or top in THIRD_PARTY | besides or top in sys.stdlib_module_names
            assert known, f"{module} imports {name}"


def test_nothing_but_the_rooms_for_tests_imports_them() -> None:
    product = modules("asl", "functions", "infrastructure", "local", "operations", "statemachine")
    for module, path in product.items():
        if not within(module, "asl.testing"):
            assert not [name for name in imports(path) if within(name, "asl.testing", "moto", "pytest")], module
