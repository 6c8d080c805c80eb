"""The registry of task types."""

import re

import pytest
from pydantic import BaseModel

from functions.task_types import load_task_types
from functions.tasks.errors import FieldError
from functions.tasks.model import NewTask, Task
from functions.tasks.registry import Registry


class Address(BaseModel):
    street: str


class Parcel(BaseModel):
    to: list[Address]


def run(task: Task, data: BaseModel) -> None:
    """A task type's function."""


def test_a_registered_type_is_found_by_its_name() -> None:
    registry = Registry()
    assert registry.task_type("parcel.send", data=Parcel)(run) is run, "the decorator returns the function unchanged"
    found = registry.find("parcel.send")
    assert found
    assert (found.name, found.data, found.run) == ("parcel.send", Parcel, run)


def test_an_unknown_type_is_none() -> None:
    assert Registry().find("parcel.send") is None


def test_a_name_that_is_registered_twice_is_an_error() -> None:
    registry = Registry()
    registry.task_type("parcel.send", data=Parcel)(run)
    with pytest.raises(ValueError, match=r"'parcel\.send' is registered twice"):
        registry.task_type("parcel.send", data=Parcel)(run)


def test_the_registry_lists_its_names_in_order() -> None:
    registry = Registry()
    for name in ("b", "a", "c"):
        registry.task_type(name, data=Parcel)(run)
    assert list(registry) == ["a", "b", "c"]


def test_an_error_in_nested_data_names_the_whole_path() -> None:
    registry = Registry()
    registry.task_type("parcel.send", data=Parcel)(run)
    found = registry.find("parcel.send")
    assert found
    errors = found.data_errors({"to": [{"street": "a"}, {}, {"street": 1}]})
    assert [error.field for error in errors] == ["data.to.1.street", "data.to.2.street"]
    assert errors[0] == FieldError(field="data.to.1.street", message="is required")
    assert found.data_errors({"to": []}) == ()


def test_every_shipped_type_can_be_submitted() -> None:
    """A name that the task model rejects could never be used."""
    pattern = next(m.pattern for m in NewTask.model_fields["type"].metadata if getattr(m, "pattern", None))
    for name in load_task_types():
        assert re.fullmatch(pattern, name), f"{name} does not match {pattern}"


def test_loading_the_types_twice_registers_them_once() -> None:
    assert load_task_types() is load_task_types()


def test_a_retired_type_takes_no_new_tasks() -> None:
    registry = Registry()
    registry.task_type("parcel.send", data=Parcel)(run)
    registry.task_type("parcel.post", data=Parcel, retired=True)(run)
    new = NewTask.model_validate({"title": "t", "description": "d", "priority": "low", "type": "parcel.post"})
    assert registry.errors(new) == (
        FieldError(field="type", message="is retired, and takes no new tasks; known types are parcel.send"),
    )
    assert list(registry) == ["parcel.post", "parcel.send"], "those who run tasks know it"
