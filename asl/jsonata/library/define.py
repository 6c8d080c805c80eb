"""Defines functions of the library."""

from collections.abc import Callable

from asl.jsonata.runtime.calls import Native
from asl.jsonata.runtime.values import Value


def native(
    implementation: Callable[..., Value], signature: str | None, arity: int = 1, scoped: bool = False
) -> Native:
    """A library function. `$map` goes by its `arity`; if `scoped`, the frame is its first argument."""
    return Native(implementation, signature, arity, scoped)
