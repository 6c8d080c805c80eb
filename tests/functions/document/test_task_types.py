"""The task types in the document: each one's `data`, whatever its model is like."""

import json
from datetime import timedelta
from typing import Annotated, Any, Literal

import pytest
from openapi_schema_validator import OAS30Validator
from openapi_spec_validator import OpenAPIV30SpecValidator, validate
from pydantic import BaseModel, ConfigDict, Field, RootModel, WithJsonSchema

from functions.api.document.openapi import openapi_document
from functions.tasks.registry import Registry
from tests.builders import a_task

Document = dict[str, Any]


def with_types(**models: type[BaseModel]) -> Document:
    """The document of a stage with these task types, checked as a whole. `__` in a name stands for a dot."""
    types = Registry()
    for name, model in models.items():
        types.task_type(name.replace("__", "."), data=model)(lambda _task, _data: None)
    document = openapi_document(types=types)
    validate(json.loads(json.dumps(document)), cls=OpenAPIV30SpecValidator)
    return document


def allows(document: Document, **changes: Any) -> bool:
    """Whether the document allows a task with these changes."""
    components = document["components"]
    schema = {**components["schemas"]["NewTask"], "components": components}
    return OAS30Validator(schema).is_valid(a_task(**changes))


class Strict(BaseModel):
    """A model that refuses what it does not know."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Batch(Strict):
    """Named like one of ours."""

    size: int


class Tree(Strict):
    """Refers to itself."""

    children: "list[Tree]" = []


class Cat(Strict):
    """A variant."""

    kind: Literal["cat"]


class Dog(Strict):
    """Another variant."""

    kind: Literal["dog"]
    good: bool | None = None


class Rich(Strict):
    """Words that OpenAPI 3.0 spells differently or does not know."""

    pet: Annotated[Cat | Dog, Field(discriminator="kind")]
    number: int | str | None = None
    ratio: Annotated[float, Field(gt=0, lt=1)] = 0.5
    pair: tuple[int, str] = (1, "a")
    names: dict[Annotated[str, Field(pattern="^[a-z]+$")], int] = {}
    friend: Cat | None = None
    nothing: None = None
    size: Literal["s", "m"] | None = None
    fixed: Literal["x"] = "x"
    wait: Annotated[timedelta, Field(strict=False)] = timedelta(seconds=1)
    some: Annotated[str, Field(examples=["a", "b"])] = "a"


def test_without_a_type_a_task_is_of_the_default_one() -> None:
    class Anything(RootModel[dict[str, Any]]):
        """Any object."""

    document = with_types(default=Anything, batch__run=Batch)
    assert allows(document)
    assert allows(document, data={"size": "any"})
    assert not allows(document, type="batch.run", data={"size": "any"})
    assert not allows(with_types(batch__run=Batch), data={"size": 1}), "there is no default one"


def test_data_may_be_left_out_only_where_an_empty_object_is_valid() -> None:
    document = with_types(tree=Tree, batch__run=Batch)
    assert allows(document, type="tree")
    assert not allows(document, type="batch.run")
    assert allows(document, type="batch.run", data={"size": 1})


def test_models_of_the_same_name_do_not_meet() -> None:
    def another() -> type[BaseModel]:
        class Batch(Strict):
            """Another type's model, with the same name."""

            color: str

        return Batch

    document = with_types(a=Batch, a__b=another())
    assert "tasks" in document["components"]["schemas"]["Batch"]["properties"], "ours is still ours"
    assert allows(document, type="a", data={"size": 1})
    assert allows(document, type="a.b", data={"color": "red"})
    assert not allows(document, type="a", data={"color": "red"})
    assert not allows(document, type="a.b", data={"size": 1})


def test_a_model_may_refer_to_itself() -> None:
    document = with_types(tree=Tree)
    assert allows(document, type="tree", data={"children": [{"children": []}]})
    assert not allows(document, type="tree", data={"children": [{"leaves": []}]})


@pytest.mark.parametrize(
    "data",
    [
        {"pet": {"kind": "cat"}},
        {
            "pet": {"kind": "dog", "good": None},
            "number": None,
            "ratio": 0.1,
            "pair": [2, "b"],
            "names": {"a": 1},
            "friend": None,
            "size": None,
        },
        {"pet": {"kind": "dog", "good": True}, "number": "7", "nothing": None, "fixed": "x", "wait": "PT2S"},
    ],
)
def test_what_a_model_takes_is_allowed(data: Document) -> None:
    Rich.model_validate_json(json.dumps(data))
    assert allows(with_types(rich=Rich), type="rich", data=data)


@pytest.mark.parametrize(
    "changes",
    [{"pet": {"kind": "cow"}}, {"pet": {"kind": "cat", "good": True}}, {"number": [1]}, {"ratio": 1}, {"ratio": 0},
     {"pair": [1]}, {"nothing": 1}, {"fixed": "y"}, {"other": 1}],
)  # fmt: skip
def test_what_a_model_refuses_is_not_allowed(changes: Document) -> None:
    assert not allows(with_types(rich=Rich), type="rich", data={"pet": {"kind": "cat"}} | changes)


class Unknown:
    """No schema describes it."""


class Opaque(BaseModel):
    """Has no schema at all."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    it: Unknown | None = None


class Dangling(BaseModel):
    """Refers to what does not exist."""

    it: Annotated[Any, WithJsonSchema({"$ref": "#/components/schemas/Nowhere"})] = None


class Nonsense(BaseModel):
    """Has a schema that is none."""

    it: Annotated[Any, WithJsonSchema({"type": "thing"})] = None


class NoJson(BaseModel):
    """Has something in its schema that is not JSON."""

    it: Annotated[Any, WithJsonSchema({"example": float("nan")})] = None


@pytest.mark.parametrize("model", [Opaque, Dangling, Nonsense, NoJson])
def test_a_model_without_a_usable_schema_takes_the_document_from_no_other_type(model: type[BaseModel]) -> None:
    document = with_types(odd=model, batch__run=Batch)
    assert allows(document, type="odd", data={"anything": 1})
    assert not allows(document, type="odd", data=[])
    assert not allows(document, type="batch.run", data={"anything": 1})
    described = document["components"]["schemas"]["NewTask.odd"]["properties"]["data"]["description"]
    assert "cannot be described" in described


def test_a_type_that_no_task_can_name_is_left_out() -> None:
    document = with_types(Loud=Batch, quiet=Batch)
    assert document["components"]["schemas"]["NewTask"]["oneOf"] == [{"$ref": "#/components/schemas/NewTask.quiet"}]
