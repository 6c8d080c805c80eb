"""Short ways to evaluate expressions outside of a machine; `$data` is the same small harbour everywhere."""

import copy
from typing import Any

import pytest

from asl.jsonata import UNDEFINED, FunctionValue, JsonataError, compile_expression, to_json

DATA: Any = {
    "name": "Quayside",
    "none": None,
    "open": True,
    "empty": [],
    "boats": [
        {"name": "Wren", "length": 7.5, "crew": ["Ada", "Bo"], "berth": {"pier": "A", "no": 3}},
        {"name": "Kite", "length": 12, "crew": ["Cy"], "berth": {"pier": "B", "no": 1}},
        {"name": "Gull", "length": 9, "crew": [], "berth": {"pier": "A", "no": 1}},
    ],
    "piers": [{"id": "A", "depth": 4}, {"id": "B", "depth": 6}],
    "grid": [[1, 2], [3, [4]]],
    "tides": [3, 1, 2],
    "odd key": {"x": 1},
}


def _evaluated(expression: str) -> Any:
    return compile_expression(expression).with_bindings({"data": copy.deepcopy(DATA)})


def value_of(expression: str) -> Any:
    """The value as JSON."""
    value = _evaluated(expression)
    assert value is not UNDEFINED
    return to_json(value)


def is_undefined(expression: str) -> bool:
    """Whether there is no value."""
    return _evaluated(expression) is UNDEFINED


def is_function(expression: str) -> bool:
    """Whether the value is a function."""
    return isinstance(_evaluated(expression), FunctionValue)


def failure_of(expression: str) -> str:
    """The code and text of the error."""
    with pytest.raises(JsonataError) as caught:
        _evaluated(expression)
    return str(caught.value)
