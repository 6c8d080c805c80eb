"""Task types that cannot be loaded, or not yet: they harm no other, and no task is lost because of them."""

import json
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from functions import validator
from functions.tasks.errors import Unavailable
from functions.tasks.model import NewTask
from functions.tasks.registry import Registry, TaskTypeUnavailable
from functions.tasks.runs.processing import process
from tests.functions.support import CONTEXT, ApiResponse, event


class Types:
    """A folder of modules that register types in one registry."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.write("of_this_test", "from functions.tasks.registry import Registry\nregistry = Registry()\n")
        self.registry: Registry = import_module("of_this_test").registry

    def write(self, module: str, text: str) -> None:
        head = "from of_this_test import registry\nfrom pydantic import BaseModel\nclass Data(BaseModel): n: int = 0\n"
        self._folder.joinpath(f"{module}.py").write_text(text if module == "of_this_test" else head + text)

    def load(self, module: str, text: str) -> None:
        self.write(module, text)
        self.registry.load(module)

    def process(self, type_name: str) -> str:
        task = {
            "task_id": "1",
            "title": "t",
            "description": "d",
            "priority": "low",
            "type": type_name,
            "data": {"n": 1},
        }
        task |= {"ordering_key": "k", "created_at": "2026-01-01T00:00:00.000Z"}
        return process(json.dumps(task), attempt=1, run=1, types=self.registry, draw=0.5)


@pytest.fixture
def types(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Types]:
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield Types(tmp_path)
    for name in set(sys.modules) - before:
        del sys.modules[name]


def new_task(type_name: str) -> NewTask:
    return NewTask.model_validate({"title": "t", "description": "d", "priority": "low", "type": type_name, "data": {}})


ECHO = "@registry.task_type('{}', data=Data)\ndef run(task, data): return data.n\n"


@pytest.mark.parametrize(
    "crash", ["import no_such_package", "import os; os.environ['NOT_SET']", "raise SystemExit(1)"]
)
def test_a_module_that_cannot_be_loaded_harms_no_other(types: Types, crash: str) -> None:
    types.load("broken", ECHO.format("half.done") + crash)
    types.load("sound", ECHO.format("sound"))
    assert list(types.registry) == ["sound"], "what is loaded by half is not known"
    assert types.process("sound") == "1"
    assert list(types.registry.broken) == ["broken"]
    assert types.registry.broken["broken"].partition(":")[0] in ("ModuleNotFoundError", "KeyError", "SystemExit")


def test_it_is_tried_once(types: Types) -> None:
    types.load("broken", "raise ValueError('first')")
    types.load("broken", ECHO.format("late"))
    assert types.registry.broken == {"broken": "ValueError: first"}, "a function keeps what it began with"


def test_a_client_is_asked_to_come_back_while_its_type_may_be_one_that_did_not_load(types: Types) -> None:
    types.load("sound", ECHO.format("sound"))
    assert types.registry.errors(new_task("other")), "nothing is broken: there is no such type"
    types.load("broken", "raise ValueError('no')")
    with pytest.raises(Unavailable, match="'other' is not known, and broken could not be loaded"):
        types.registry.errors(new_task("other"))
    assert types.registry.errors(new_task("sound")) == ()


def test_a_task_of_an_unknown_type_is_given_back_and_not_failed(types: Types) -> None:
    types.load("sound", ECHO.format("sound"))
    with pytest.raises(TaskTypeUnavailable, match="'new' is not a known task type; known types are sound"):
        types.process("new")


DECLARED = "render = registry.task_type('render', data=Data, module='rendering')\n"


def test_the_module_of_a_function_is_loaded_when_its_type_runs(types: Types) -> None:
    types.load("declared", DECLARED)
    types.write("rendering", "from declared import render\n@render\ndef run(task, data): return {'n': data.n}\n")
    assert types.registry.errors(new_task("render")) == (), "its data can be checked without it"
    assert "rendering" not in sys.modules
    assert types.process("render") == '{"n":1}'
    assert "rendering" in sys.modules


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "import no_such_package",
            "rendering, the module of task type 'render', cannot be loaded: ModuleNotFoundError",
        ),
        ("", "rendering has no function for task type 'render'"),
    ],
)
def test_a_function_that_cannot_be_loaded_gives_its_tasks_back(types: Types, text: str, reason: str) -> None:
    types.load("declared", DECLARED)
    types.write("rendering", text)
    with pytest.raises(TaskTypeUnavailable, match=reason):
        types.process("render")


def test_a_type_has_one_function(types: Types) -> None:
    types.load("declared", DECLARED + "@render\ndef one(task, data): ...\n@render\ndef two(task, data): ...\n")
    assert "task type 'render' has two functions" in types.registry.broken["declared"]


def test_health_names_what_did_not_load(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = Registry()
    registry.broken["functions.task_types.invoice"] = "KeyError: 'FONTS' password=hunter2secret"
    monkeypatch.setattr(validator, "load_task_types", lambda: registry)
    response = ApiResponse.of(validator.handler(event("get_health.json"), CONTEXT))
    assert (response.status, response.document["status"]) == (200, "degraded")
    (found,) = response.document["task_types"]
    assert found["module"] == "functions.task_types.invoice"
    assert found["reason"].startswith("KeyError: 'FONTS'")
    assert "hunter2secret" not in found["reason"]
