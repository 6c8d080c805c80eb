"""Which room may import from which, and what each room may know."""

import ast
import re
import sys
from pathlib import Path

import pytest

from tests.architecture.imports import ROOT, arrows, between_rooms, circles, imports, modules, reachable, within

SDKS = {"boto3", "botocore", "aws_lambda_powertools", "aws_xray_sdk"}
PRODUCT = ("asl", "functions", "infrastructure", "local", "operations", "statemachine", "taskline", "testing")
PIPELINE = ("asl", "functions", "local.services.pipes", "statemachine")
FUNCTIONS = modules("functions")
TYPES = "functions.task_types"  # an adopter's own: they may import what they need
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
        "counter",
        "monitor",
        "breaker",
        "workers",
        "keys",
        "gatekeeper",
    )
]


def assert_imports_none_of(folder: str, *rooms: str) -> None:
    found = {module: sorted(n for n in imports(path) if within(n, *rooms)) for module, path in modules(folder).items()}
    assert found, f"there is nothing in {folder}"
    assert {module: names for module, names in found.items() if names} == {}


# All rooms


@pytest.mark.parametrize("folder", [*PRODUCT, "benchmarks", "tests/simulation"])
def test_no_modules_import_one_another_in_a_circle(folder: str) -> None:
    assert circles(arrows(modules(folder))) == []


def test_no_two_rooms_import_each_other() -> None:
    assert circles(between_rooms(modules(*PRODUCT))) == []
    assert circles(between_rooms(modules("tests/simulation"))) == []


@pytest.mark.parametrize(
    ("folder", "may_import"),
    [
        ("asl", []),
        ("statemachine", []),
        ("functions", []),
        ("infrastructure", ["functions", "statemachine", "taskline.lanes", "taskline.links"]),
        ("local", ["asl", "taskline.console"]),
        (
            "operations",
            [
                *("asl", "functions", "testing", "infrastructure.preview", "infrastructure.cost"),
                *("infrastructure.settings", "local.emulator", "local.host", "local.program", "taskline.lanes"),
            ],
        ),
        ("taskline", []),
        ("testing", [*PIPELINE, "infrastructure.settings.times"]),
        ("tests/simulation", [*PIPELINE, "infrastructure.settings", "taskline.lanes", "testing"]),
    ],
)
def test_arrows_between_the_parts_of_the_product_point_one_way(folder: str, may_import: list[str]) -> None:
    own = folder.replace("/", ".")
    for module, path in modules(folder).items():
        for name in imports(path):
            ours = within(name, *PRODUCT, "tests", "benchmarks")
            assert not ours or within(name, own, *may_import), f"{module} imports {name}"


@pytest.mark.parametrize("folder", [*PRODUCT, "tests"])
def test_a_room_is_one_idea_of_about_ten_files(folder: str) -> None:
    """Task types and their tests are as many as an adopter needs."""
    rooms: dict[Path, int] = {}
    for path in (path for path in modules(folder).values() if path.parent.name != "task_types"):
        rooms[path.parent] = rooms.get(path.parent, 0) + (path.name != "__init__.py")
    assert {str(room.relative_to(ROOT)): files for room, files in rooms.items() if files > 14} == {}


def test_one_class_name_means_one_thing() -> None:
    classes: dict[str, list[str]] = {}
    for module, path in modules(*PRODUCT).items():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                classes.setdefault(node.name, []).append(module)
    for name in ("Pipe", "Function", "Status", "Request", "Response", "Api", "Table"):
        assert len(classes.get(name, [])) <= 1, f"{name} is the name of {classes[name]}"


def test_every_file_says_what_it_is_for() -> None:
    for module, path in modules(*PRODUCT).items():
        assert ast.get_docstring(ast.parse(path.read_text())), f"{module} has no docstring"


# The domain


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
    for module, path in modules("functions/tasks").items():
        assert not re.search(r"\b(datetime|date)\.(now|utcnow|today)\(", path.read_text()), f"{module} reads the clock"


# Names from DynamoDB's streams, SQS's attributes and HTTP's messages, and statuses of HTTP.
FOREIGN = re.compile(
    r"^(NewImage|OldImage|SequenceNumber|ApproximateCreationDateTime|eventID|eventSourceARN|dynamodb|Keys"
    r"|MessageGroupId|SentTimestamp|ReceiptHandle|messageId|attributes"
    r"|statusCode|headers|httpMethod|Retry-After|Location|Allow|Content-Type|Idempoten\w+-\w+|application/.*)$"
)


def test_the_domain_speaks_neither_aws_nor_http() -> None:
    """Stream images, SQS's attributes, statuses and header names are translated in adapters/ and api/."""
    for module, path in modules("functions/tasks").items():
        for node in ast.walk(ast.parse(path.read_text())):
            value = node.value if isinstance(node, ast.Constant) else None
            assert not (isinstance(value, str) and FOREIGN.match(value)), f"{module} knows {value!r}"
            assert not (isinstance(value, int) and value in {400, 404, 405, 409, 413, 415, 422, 503}), (
                f"{module} knows the status {value}"
            )


# The functions


def test_no_function_looks_for_packages() -> None:
    """Reading the metadata of what is installed takes tens of milliseconds of a cold start; the program does it."""
    for module, path in FUNCTIONS.items():
        assert not [name for name in imports(path) if within(name, "importlib.metadata", "pkg_resources")], module


@pytest.mark.parametrize(
    ("room", "may_import"),
    [
        ("functions.adapters", ["functions.tasks", "functions.adapters"]),
        ("functions.api", ["functions.tasks", "functions.api", "functions.telemetry"]),
        ("functions.task_types", ["functions.tasks", "functions.task_types"]),
        ("functions.telemetry", ["functions.telemetry", "functions.tasks"]),
    ],
)
def test_arrows_between_the_rooms_of_the_functions_point_one_way(room: str, may_import: list[str]) -> None:
    inside = {module: path for module, path in FUNCTIONS.items() if within(module, room)}
    assert inside
    for module, path in inside.items():
        for name in imports(path):
            assert not within(name, "functions") or within(name, *may_import), f"{module} imports {name}"


def test_handlers_are_imported_by_no_other_module() -> None:
    for module, path in FUNCTIONS.items():
        assert not [name for name in imports(path) if within(name, *HANDLERS)], f"{module} imports a handler"


def test_the_room_of_the_functions_holds_the_handlers_one_per_file() -> None:
    assert {path.stem for path in (ROOT / "functions").glob("*.py")} == {
        "__init__",
        *(name.removeprefix("functions.") for name in HANDLERS),
    }


def test_no_task_waits_for_the_document_to_be_made() -> None:
    graph = arrows(FUNCTIONS)
    document = {module for module in FUNCTIONS if within(module, "functions.api.document")}
    assert document - {"functions.api.document"} <= reachable("functions.documents", graph)
    for name in ("validator", "reader", "processor"):
        assert not document & reachable(f"functions.{name}", graph), f"a cold start of {name} makes the document"


def test_only_adapters_speak_to_aws() -> None:
    for module, path in FUNCTIONS.items():
        if not within(module, "functions.adapters", TYPES):
            assert not [name for name in imports(path) if within(name, "boto3", "botocore")], f"{module} uses boto3"


def test_only_handlers_read_the_environment() -> None:
    """And tracing: Lambda sets there for each request whether it is sampled. And the level of the log.

    And the package itself, which starts differently on Lambda.
    """
    telemetry = ["functions", "functions.telemetry.tracing", "functions.telemetry.lines"]
    for module, path in FUNCTIONS.items():
        if module not in [*HANDLERS, *telemetry] and not within(module, TYPES):
            assert not [name for name in imports(path) if within(name, "os")], f"{module} imports os"


def test_only_handlers_read_the_clock_and_draw_numbers() -> None:
    """They bring `now` and `new_id` in through their ports, and no test has to patch a module."""
    for module, path in FUNCTIONS.items():
        if module not in HANDLERS and not within(module, TYPES):
            assert not [name for name in imports(path) if within(name, "time", "random", "secrets")], module
            assert "datetime.now(" not in path.read_text(), f"{module} reads the clock"


def test_what_runs_in_lambda_imports_only_what_the_layer_holds() -> None:
    layer = {
        "pydantic",
        "typing_extensions",
        "boto3",
        "botocore",
        "aws_lambda_powertools",
        "aws_xray_sdk",
        "functions",
    }
    for module, path in FUNCTIONS.items():
        for name in () if within(module, TYPES) else imports(path):
            top = name.split(".")[0]
            assert top in layer or top in sys.stdlib_module_names, f"{module} imports {name}"


# The infrastructure


@pytest.mark.parametrize(
    ("room", "may_import"),
    [
        ("infrastructure.blocks", []),
        ("infrastructure.settings", ["infrastructure.blocks"]),
        ("infrastructure.task_types", ["infrastructure.blocks", "infrastructure.settings"]),
        ("infrastructure.deployer", []),
        (
            "infrastructure.pipeline",
            ["infrastructure.blocks", "infrastructure.settings", "infrastructure.task_types.pools"],
        ),
        ("infrastructure.api", ["infrastructure.blocks", "infrastructure.settings"]),
        ("infrastructure.watch", ["infrastructure.blocks", "infrastructure.settings"]),
        ("infrastructure.cost", []),
    ],
)
def test_the_rooms_of_the_infrastructure_share_resources_by_reference_alone(room: str, may_import: list[str]) -> None:
    """What one room makes and another uses goes through `blocks/refs.py`."""
    inside = {module: path for module, path in modules("infrastructure").items() if within(module, room)}
    assert inside
    for module, path in inside.items():
        for name in imports(path):
            assert not within(name, "infrastructure") or within(name, room, *may_import), f"{module} imports {name}"


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


@pytest.mark.parametrize("name", ["blocks/iam", "pipeline/machine_policy", "settings/times"])
def test_policies_and_times_are_pure(name: str) -> None:
    """They make no resource, so that they can be read and tested alone."""
    assert not [n for n in imports(ROOT / f"infrastructure/{name}.py") if within(n, "pulumi_aws")]
