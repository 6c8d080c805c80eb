"""The values of JSONata: those of JSON, undefined, sequences, tuples and functions."""

from collections.abc import Iterable
from typing import Any, Final, TypeAlias, TypeGuard, cast

Value: TypeAlias = Any
"""A JSON value, `UNDEFINED`, a `Sequence` or a `FunctionValue`; a more exact type would be unreadable."""


class Undefined:
    """The absence of a value; `None` is JSON's null, which is a value."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "undefined"

    def __bool__(self) -> bool:
        return False


UNDEFINED: Final = Undefined()


class Sequence(list[Value]):
    """A result sequence. One with a single element stands for that element, an empty one for undefined."""

    __slots__ = ("keep_singleton", "outer_wrapper", "tuples")

    def __init__(self, items: Iterable[Value] = ()) -> None:
        super().__init__(items)
        self.keep_singleton = False
        self.tuples = False
        self.outer_wrapper = False


class Constructed(list[Value]):
    """An array from a constructor at the start or end of a path, which is not flattened into the result sequence."""

    __slots__ = ()


class FunctionValue:
    """Anything that can be applied. A higher-order function passes at most `arity` arguments."""

    __slots__ = ("arity",)
    arity: int
    truth = True
    """Its value in a condition."""

    def invoke(self, args: list[Value], context: Value, env: Any) -> Value:
        """Apply the function. `context` replaces a missing argument where the signature allows that."""
        raise NotImplementedError


def is_list(value: Value) -> TypeGuard[list[Value]]:
    """Whether the value is an array or a sequence."""
    return isinstance(value, list)


def is_object(value: Value) -> TypeGuard[dict[str, Value]]:
    """Whether the value is a JSON object."""
    return isinstance(value, dict)


def is_number(value: Value) -> TypeGuard[int | float]:
    """Whether the value is a number, finite or not."""
    kind: Any = type(value)  # pyright: ignore[reportUnknownVariableType]
    return kind is int or kind is float


def settle(value: Value, keep: bool = False) -> Value:
    """What a complete sequence stands for: undefined, its single element, or itself."""
    if type(value) is Sequence and not value.tuples:
        if keep:
            value.keep_singleton = True
        if not value:
            return UNDEFINED
        if len(value) == 1 and not value.keep_singleton:
            return value[0]
    return value


def look_up(value: Value, name: str) -> Value:
    """A member by name, mapped over arrays and flattened."""
    if is_object(value):
        return value.get(name, UNDEFINED)
    if not is_list(value):
        return UNDEFINED
    found = Sequence()
    for item in value:
        member = look_up(item, name)
        if is_list(member):
            found.extend(member)
        elif member is not UNDEFINED:
            found.append(member)
    return found


def append(left: Value, right: Value) -> Value:
    """Concatenation as in `$append`: undefined adds nothing, and any other single value is one element."""
    if left is UNDEFINED:
        return right
    if right is UNDEFINED:
        return left
    items = cast(list[Value], left if isinstance(left, list) else [left])
    more = cast(list[Value], right if isinstance(right, list) else [right])
    # The result is always a new array, never a sequence, even if the parts were sequences.
    return [*items, *more]


def deep_equal(left: Value, right: Value) -> bool:
    """JSONata's `=`: equal by value, with `true` different from `1`."""
    if is_number(left):
        return is_number(right) and left == right
    if isinstance(left, list) and isinstance(right, list):
        ours, theirs = cast(list[Value], left), cast(list[Value], right)
        return len(ours) == len(theirs) and all(map(deep_equal, ours, theirs))
    if isinstance(left, dict) and isinstance(right, dict):
        mine, other = cast(dict[str, Value], left), cast(dict[str, Value], right)
        return mine.keys() == other.keys() and all(deep_equal(item, other[key]) for key, item in mine.items())
    if isinstance(left, list | dict) or isinstance(right, list | dict):
        return False
    return type(left) is type(right) and left == right
