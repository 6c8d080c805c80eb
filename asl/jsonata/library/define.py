"""How a function enters the library."""

from collections.abc import Callable

from asl.jsonata.runtime.calls import Native
from asl.jsonata.runtime.values import Value


def native(
    implementation: Callable[..., Value], signature: str | None, arity: int = 1, scoped: bool = False
) -> Native:
    """A library function. `arity` is what `$map` sees; `scoped` asks for the frame as first argument."""
    return Native(implementation, signature, arity, scoped)
