"""A path leads to the most specific path of the document, a verb to its own method or else to that of ANY."""

from __future__ import annotations

import pytest

from local.host.errors import LaptopError
from local.services.gateway.routing import Router

PATHS = ("/", "/tasks", "/tasks/batch", "/tasks/{task_id}", "/tasks/{task_id}/redrive", "/{any}/batch/{page}")
ROUTER = Router((path, verb, f"{verb} {path}") for path in PATHS for verb in ("GET", "ANY"))


@pytest.mark.parametrize(
    ("path", "found", "parameters"),
    [
        ("", "/", {}),
        ("/", "/", {}),
        ("/tasks", "/tasks", {}),
        ("/tasks/batch", "/tasks/batch", {}),
        ("/tasks/7", "/tasks/{task_id}", {"task_id": "7"}),
        ("/tasks/batch/redrive", "/tasks/{task_id}/redrive", {"task_id": "batch"}),
        ("/tasks/batch/2", "/{any}/batch/{page}", {"any": "tasks", "page": "2"}),
    ],
)
def test_a_literal_segment_comes_before_a_parameter(path: str, found: str, parameters: dict[str, str]) -> None:
    assert ROUTER.find("GET", path) == (f"GET {found}", parameters)


@pytest.mark.parametrize(
    "path", ["/task", "/tasks/7/8", "/tasks/7/redrive/8", "/Tasks", "/tasks/7/REDRIVE", "/t%61sks"]
)
def test_any_other_path_is_not_found(path: str) -> None:
    assert ROUTER.find("GET", path) is None


@pytest.mark.parametrize("path", ["/tasks/7/", "//tasks//7", "/tasks///7//"])
def test_trailing_and_doubled_slashes_are_ignored(path: str) -> None:
    assert ROUTER.find("GET", path) == ("GET /tasks/{task_id}", {"task_id": "7"})


@pytest.mark.parametrize("task_id", ["a%2Fb", "a%20b", "%2e%2e", "100%25", "a+b", "%zz", "x%0Ay"])
def test_a_path_parameter_is_one_segment_and_stays_percent_encoded(task_id: str) -> None:
    assert ROUTER.find("GET", f"/tasks/{task_id}") == ("GET /tasks/{task_id}", {"task_id": task_id})


def test_a_verb_without_its_own_method_goes_to_that_of_any() -> None:
    assert ROUTER.find("PATCH", "/tasks") == ("ANY /tasks", {})
    assert Router([("/tasks", "GET", 1)]).find("PATCH", "/tasks") is None
    assert Router([("/tasks", "GET", 1)]).find("get", "/tasks") is None, "verbs are written in capitals"


def test_the_beginning_of_a_path_is_not_a_path() -> None:
    router = Router([("/keys/{key}/tasks", "GET", 1), ("/{any}", "GET", 2)])
    assert router.find("GET", "/keys") == (2, {"any": "keys"})
    assert router.find("GET", "/keys/k") is None


def test_parameters_at_one_position_must_have_one_name() -> None:
    with pytest.raises(LaptopError, match=r"\{id\} and \{task_id\} are at the same position"):
        Router([("/tasks/{id}", "GET", 1), ("/tasks/{task_id}/redrive", "POST", 2)])
