"""The order of values, and sorting by it."""

from collections.abc import Callable
from functools import cmp_to_key

from asl.jsonata.runtime.values import Value


def sort_by(items: list[Value], swaps: Callable[[Value, Value], bool]) -> list[Value]:
    """A stable sort; `swaps(a, b)` says that `a` belongs after `b`."""
    return sorted(items, key=cmp_to_key(lambda left, right: -1 if swaps(right, left) else 1))


def compare(left: Value, right: Value) -> int:
    """The order of two numbers or of two strings."""
    if isinstance(left, str) and isinstance(right, str):
        return compare_strings(left, right)
    return (left > right) - (left < right)


def compare_strings(left: str, right: str) -> int:
    """The order of two strings by UTF-16 code units, as in the reference implementation."""
    if left == right:
        return 0
    if left.isascii() and right.isascii():
        return -1 if left < right else 1
    ours, theirs = left.encode("utf-16-be", "surrogatepass"), right.encode("utf-16-be", "surrogatepass")
    return -1 if ours < theirs else 1
