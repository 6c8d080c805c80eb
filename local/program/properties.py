"""Input properties from Pulumi's mock monitor: converted to plain values, and checked against a handler."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from pulumi.runtime.rpc import is_rpc_secret, unwrap_rpc_secret

from local.host.errors import LaptopError
from local.program.resources.handler import COMMON_IGNORED, ResourceHandler


def plain(value: Any) -> Any:
    """The value without Pulumi's wire forms: secrets unwrapped, whole floats as ints (protobuf has only floats)."""
    if is_rpc_secret(value):
        return plain(unwrap_rpc_secret(value))
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, list):
        return [plain(item) for item in cast("list[Any]", value)]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def reject_unknown(handler: ResourceHandler, name: str, inputs: Mapping[str, Any]) -> None:
    """Raise `LaptopError` for the first property that the handler neither applies nor ignores on purpose."""
    known = handler.applies | set(handler.ignores) | set(COMMON_IGNORED)
    for path in _unknown(inputs, known, ""):
        raise LaptopError(
            f"The laptop edition does not know property `{path}` of {handler.type} (resource `{name}`).",
            f"Apply it in {handler.ensure.__module__}, or list it there under `ignores` with a reason.",
        )


def _unknown(value: Any, known: Iterable[str], prefix: str) -> Iterator[str]:
    if isinstance(value, list):
        for item in cast("list[Any]", value):
            yield from _unknown(item, known, prefix)
        return
    if not isinstance(value, Mapping):
        yield prefix
        return
    for key, item in cast("Mapping[str, Any]", value).items():
        path = f"{prefix}.{key}" if prefix else key
        if path in known or item is None:
            continue
        if any(other.startswith(f"{path}.") for other in known):
            yield from _unknown(item, known, path)
        else:
            yield path
