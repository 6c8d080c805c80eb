"""Which room may import from which: read off the imports themselves."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SDKS = {"boto3", "botocore", "aws_lambda_powertools", "aws_xray_sdk"}


def modules(folder: str) -> dict[str, Path]:
    """All modules below a folder, by their dotted names."""
    return {
        path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__"): path
        for path in sorted((ROOT / folder).rglob("*.py"))
    }


def imports(path: Path) -> set[str]:
    """The dotted names that a file imports while it runs, wherever in it the import stands."""
    return set(_imports(ast.parse(path.read_text())))


def _imports(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (name.name for name in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports are absolute"
        yield from (f"{node.module}.{name.name}" for name in node.names)
    for child in ast.iter_child_nodes(node):
        if not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)):
            yield from _imports(child)


def within(name: str, *rooms: str) -> bool:
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


def assert_imports_none_of(folder: str, *rooms: str) -> None:
    found = {module: sorted(n for n in imports(path) if within(n, *rooms)) for module, path in modules(folder).items()}
    assert found, f"there is nothing in {folder}"
    assert {module: names for module, names in found.items() if names} == {}


FUNCTIONS = modules("functions")
HANDLERS = [
    f"functions.{name}"
    for name in (
        "validator",
        "reader",
        "canceller",
        "redrive",
        "documents",
        "processor",
        "events",
        "monitor",
        "breaker",
    )
]


def test_the_domain_knows_no_sdk_and_no_environment() -> None:
    assert_imports_none_of("functions/tasks", *SDKS, "os", "subprocess", "socket", "http", "urllib")


def test_the_domain_imports_nothing_but_itself_pydantic_and_the_standard_library() -> None:
    allowed = {"functions.tasks", "pydantic"}
    for module, path in modules("functions/tasks").items():
        for name in imports(path):
            known = within(name, *allowed) or name.split(".")[0] in sys.stdlib_module_names
            assert known, f"{module} imports {name}: arrows point at the domain, never out of it"


def test_the_domain_has_no_clock_and_no_chance_of_its_own() -> None:
    assert_imports_none_of("functions/tasks", "time", "random", "secrets")


@pytest.mark.parametrize(
    ("room", "may_import"),
    [
        ("functions.adapters", ["functions.tasks", "functions.adapters"]),
        ("functions.api", ["functions.tasks", "functions.api", "functions.telemetry.observability"]),
        ("functions.task_types", ["functions.tasks", "functions.task_types"]),
        ("functions.telemetry.observability", ["functions.telemetry.tracing"]),
        ("functions.telemetry.tracing", []),
    ],
)
def test_arrows_between_the_rooms_of_the_functions_point_one_way(room: str, may_import: list[str]) -> None:
    inside = {module: path for module, path in FUNCTIONS.items() if within(module, room)}
    assert inside
    for module, path in inside.items():
        for name in imports(path):
            assert not within(name, "functions") or within(name, *may_import), f"{module} imports {name}"


def test_nobody_imports_a_handler() -> None:
    for module, path in FUNCTIONS.items():
        assert not [name for name in imports(path) if within(name, *HANDLERS)], f"{module} imports a handler"


def reachable(module: str) -> set[str]:
    """All modules that importing this one imports."""
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        one = waiting.pop()
        if one in FUNCTIONS and one not in seen:
            seen.add(one)
            waiting += [part for name in imports(FUNCTIONS[one]) for part in (name, name.rpartition(".")[0])]
    return seen


def test_no_task_waits_for_the_document_to_be_made() -> None:
    documentary = {f"functions.api.{name}" for name in ("openapi", "completion", "examples", "page")}
    assert documentary < reachable("functions.documents")
    for name in ("validator", "reader", "processor"):
        assert not documentary & reachable(f"functions.{name}"), f"a cold start of {name} makes the document"


def test_only_adapters_speak_to_aws() -> None:
    for module, path in FUNCTIONS.items():
        if not within(module, "functions.adapters"):
            assert not [name for name in imports(path) if within(name, "boto3", "botocore")], f"{module} uses boto3"


def test_only_handlers_read_the_environment() -> None:
    """And tracing: Lambda says there of each request whether it is sampled."""
    for module, path in FUNCTIONS.items():
        if module not in [*HANDLERS, "functions.telemetry.tracing"]:
            assert not [name for name in imports(path) if within(name, "os")], f"{module} imports os"


def test_what_runs_in_lambda_imports_nothing_that_is_not_deployed() -> None:
    assert_imports_none_of("functions", "infrastructure", "local", "statemachine", "tests", "pulumi", "pulumi_aws")


def test_what_runs_in_lambda_imports_only_what_the_layer_holds() -> None:
    layer = {"pydantic", "boto3", "botocore", "aws_lambda_powertools", "aws_xray_sdk", "functions"}
    for module, path in FUNCTIONS.items():
        for name in imports(path):
            top = name.split(".")[0]
            assert top in layer or top in sys.stdlib_module_names, f"{module} imports {name}"


@pytest.mark.parametrize("folder", ["infrastructure", "statemachine"])
def test_what_is_deployed_knows_nothing_of_the_laptop(folder: str) -> None:
    assert_imports_none_of(folder, "local", "tests")


def test_the_program_knows_nothing_of_the_laptop_and_makes_no_resource_itself() -> None:
    names = imports(ROOT / "__main__.py")
    assert not [name for name in names if within(name, "local", "tests", "pulumi_aws")]


def test_the_state_machine_is_loaded_with_the_standard_library_alone() -> None:
    for module, path in modules("statemachine").items():
        for name in imports(path):
            top = name.split(".")[0]
            assert top == "statemachine" or top in sys.stdlib_module_names, f"{module} imports {name}"


def test_infrastructure_builds_no_client_of_its_own() -> None:
    assert_imports_none_of("infrastructure", *SDKS)


def test_policies_and_times_are_pure() -> None:
    """They make no resource, so that they can be read and tested alone."""
    for name in ("iam", "machine_policy", "times"):
        assert not [n for n in imports(ROOT / f"infrastructure/{name}.py") if within(n, "pulumi_aws")]


def test_every_file_says_what_it_is_for() -> None:
    for folder in ("functions", "infrastructure", "statemachine"):
        for module, path in modules(folder).items():
            assert ast.get_docstring(ast.parse(path.read_text())), f"{module} has no docstring"
