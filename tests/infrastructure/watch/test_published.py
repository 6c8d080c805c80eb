"""A stage is found by its name: its outputs are parameters of Systems Manager."""

import json
from typing import Any

import pytest

from infrastructure.blocks.published import MAX_BYTES, as_text
from tests.infrastructure.recording import Resource, Stack
from tests.infrastructure.stages import evaluated

PARAMETER = "aws:ssm/parameter:Parameter"


def published(stack: Stack, stage: str) -> dict[str, Resource]:
    """The parameters of a stage by the names of their outputs."""
    path = f"/taskline/{stage}/"
    found = (one for one in stack.all(PARAMETER) if one.inputs["name"].startswith(path))
    return {one.inputs["name"].removeprefix(path): one for one in found}


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_every_output_is_a_parameter_under_the_name_of_the_stage(stage: str) -> None:
    stack = evaluated(stage)
    made = published(stack, stage)
    assert set(made) == set(stack.exports)
    for name, one in made.items():
        value = one.inputs["insecureValue"]
        expected = stack.exports[name]
        assert (value if isinstance(expected, str) else json.loads(value)) == expected, name


def test_a_parameter_is_a_plain_one_that_costs_nothing(stack: Stack) -> None:
    for name, one in published(stack, "dev").items():
        assert (one.inputs["type"], one.inputs.get("tier", "Standard")) == ("String", "Standard")
        assert 0 < len(one.inputs["insecureValue"].encode()) <= MAX_BYTES, "AWS takes no empty value"
        assert "{{" not in one.inputs["insecureValue"], (
            "Systems Manager takes that for a reference to another parameter"
        )
        assert name in one.inputs["description"]


def test_no_output_is_a_secret(stack: Stack) -> None:
    for one in published(stack, "dev").values():
        assert not one.secrets
        assert stack.one(PARAMETER, "id-secret-parameter").inputs["value"] not in one.inputs["insecureValue"]


@pytest.mark.parametrize(
    ("value", "text"), [("a text", "a text"), ({"a": ["ü"]}, '{"a":["\\u00fc"]}'), (["b"], '["b"]'), (5, "5")]
)
def test_texts_stay_as_they_are_and_all_else_is_json(value: Any, text: str) -> None:
    assert as_text(value) == text


@pytest.mark.parametrize(("size", "fits"), [(MAX_BYTES, True), (MAX_BYTES + 1, False)])
def test_what_does_not_fit_says_so_and_where_it_is(size: int, fits: bool) -> None:
    text = as_text("ü" * (size // 2) + "x" * (size % 2))
    assert text.startswith("ü") == fits
    assert len(text.encode()) <= MAX_BYTES
    assert fits or text == f"Too large for a parameter, {size} bytes: see pulumi stack output."
