"""Tuple streams: what `@`, `#` and `%` carry along a path besides the current item."""

from typing import Final, TypeAlias

from asl.jsonata.runtime.frame import Frame
from asl.jsonata.runtime.values import UNDEFINED, Sequence, Value, append, is_list

CONTEXT: Final = "@"
"""The member of a tuple that holds the current item."""

Tuple: TypeAlias = dict[str, Value]
"""The current item and the variables bound on the way to it."""


def tuple_frame(env: Frame, item: Tuple) -> Frame:
    """A scope with the tuple's bindings."""
    return Frame(env, dict(item))


def new_stream() -> Sequence:
    """An empty sequence of tuples."""
    stream = Sequence()
    stream.tuples = True
    return stream


def unite(data: Value) -> Tuple:
    """Merge the tuples of one group into one, member by member."""
    if not is_list(data):
        return dict(data)
    first, *rest = data
    united: Tuple = dict(first)
    for item in rest:
        for name, value in item.items():
            united[name] = append(united.get(name, UNDEFINED), value)
    return united
