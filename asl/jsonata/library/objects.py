"""Functions of objects, types and errors."""

import json
from typing import Final

from asl.jsonata.library.define import native
from asl.jsonata.runtime.calls import call_with
from asl.jsonata.runtime.errors import JsonataError
from asl.jsonata.runtime.frame import Frame
from asl.jsonata.runtime.truth import is_numeric, to_text, truthy
from asl.jsonata.runtime.values import (
    UNDEFINED,
    FunctionValue,
    Sequence,
    Value,
    append,
    is_list,
    is_object,
    look_up,
    settle,
)


def _keys(value: Value) -> Value:
    if is_list(value):
        merged: dict[str, bool] = {}
        for item in value:
            merged.update(dict.fromkeys(_keys(item), True))
        return Sequence(merged)
    return Sequence(value) if is_object(value) else Sequence()


def _spread(value: Value) -> Value:
    if is_list(value):
        result: Value = Sequence()
        for item in value:
            result = append(result, _spread(item))
        return result
    if is_object(value):
        return Sequence({key: member} for key, member in value.items())
    return value


def _merge(objects: Value) -> Value:
    if objects is UNDEFINED:
        return UNDEFINED
    merged: dict[str, Value] = {}
    for item in objects:
        merged.update(item)
    return merged


def _each(env: Frame, value: Value, function: Value = UNDEFINED) -> Value:
    members = value.items() if is_object(value) else ()
    results = (call_with(function, [member, key, value], env) for key, member in members)
    return Sequence(result for result in results if result is not UNDEFINED)


def _sift(env: Frame, value: Value, function: Value = UNDEFINED) -> Value:
    members = value.items() if is_object(value) else ()
    kept = {key: member for key, member in members if truthy(call_with(function, [member, key, value], env))}
    return kept or UNDEFINED


def _lookup(value: Value, key: Value = UNDEFINED) -> Value:
    return UNDEFINED if key is UNDEFINED else settle(look_up(value, key))


def _error(message: Value = UNDEFINED) -> Value:
    raise JsonataError("D3137", message=message if isinstance(message, str) and message else _ERROR)


def _assert(condition: Value, message: Value = UNDEFINED) -> Value:
    if condition is not True:
        raise JsonataError("D3141", message=message if isinstance(message, str) and message else _ASSERTION)
    return UNDEFINED


_ERROR: Final = "$error() function evaluated"
_ASSERTION: Final = "$assert() statement failed"


def type_name(value: Value) -> str:
    """The name of a value's type, as `$type` gives it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if is_numeric(value):
        return "number"
    if is_list(value):
        return "array"
    return "function" if isinstance(value, FunctionValue) else "object"


def _type(value: Value) -> Value:
    return UNDEFINED if value is UNDEFINED else type_name(value)


def _clone(value: Value) -> Value:
    return UNDEFINED if value is UNDEFINED else json.loads(to_text(value))


def _exists(value: Value) -> Value:
    return value is not UNDEFINED


FUNCTIONS: Final = {
    "keys": native(_keys, "<x-:a<s>>"),
    "lookup": native(_lookup, "<x-s:x>", 2),
    "spread": native(_spread, "<x-:a<o>>"),
    "merge": native(_merge, "<a<o>:o>"),
    "each": native(_each, "<o-f:a>", 2, scoped=True),
    "sift": native(_sift, "<o-f?:o>", 2, scoped=True),
    "exists": native(_exists, "<x:b>"),
    "type": native(_type, "<x:s>"),
    "error": native(_error, "<s?:x>"),
    "assert": native(_assert, "<bs?:x>", 2),
    "clone": native(_clone, "<(oa)-:o>"),
}
