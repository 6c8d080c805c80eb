"""What all results have in common: they are made from documents, and keep what they do not know."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self, TypeVar, cast

T = TypeVar("T")
_NAME, _READ = "name", "read"


class NotAsDescribed(ValueError):
    """A document that lacks what the API's document promises."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """A part of a response. `document` is all of it as the API sent it, with fields that this client does not know."""

    document: Mapping[str, Any] = dataclasses.field(default_factory=dict[str, Any], repr=False, compare=False)

    @property
    def extra(self) -> dict[str, Any]:
        """The fields that this client does not know: those of a later version of the API."""
        known = {wire_name(one) for one in fields_of(type(self))}
        return {name: value for name, value in self.document.items() if name not in known}

    @classmethod
    def read(cls, document: Any) -> Self:
        """The result in a JSON document. `NotAsDescribed` if it is none."""
        if not isinstance(document, Mapping):
            raise NotAsDescribed(f"{cls.__name__} is {type(document).__name__}, not an object")
        given = cast("Mapping[str, Any]", document)
        values: dict[str, Any] = {}
        for one in fields_of(cls):
            value = given.get(wire_name(one))
            if value is not None:
                read = one.metadata.get(_READ)
                values[one.name] = read(value) if read else value
            elif is_required(one):
                raise NotAsDescribed(f"{cls.__name__} has no {wire_name(one)!r}")
        return cls(document=given, **values)


def fields_of(kind: type[Result]) -> list[dataclasses.Field[Any]]:
    """The fields that the API knows."""
    return [one for one in dataclasses.fields(kind) if one.name != "document"]


def wire_name(one: dataclasses.Field[Any]) -> str:
    """What the API calls the field."""
    return one.metadata.get(_NAME, one.name)


def is_required(one: dataclasses.Field[Any]) -> bool:
    """Whether the API always sends it."""
    return one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING


def named(name: str) -> Mapping[str, Any]:
    """Metadata of a field that the API calls something else."""
    return {_NAME: name}


def read_by(read: Callable[[Any], T]) -> Mapping[str, Any]:
    """Metadata of a field whose value is made by `read`."""
    return {_READ: read}


def each(read: Callable[[Any], T]) -> Callable[[Any], tuple[T, ...]]:
    """Reads a list."""

    def read_all(value: Any) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise NotAsDescribed(f"a list is {type(value).__name__}")
        return tuple(read(one) for one in cast("list[Any]", value))

    return read_all


def by_name(read: Callable[[Any], T]) -> Callable[[Any], Mapping[str, T]]:
    """Reads an object whose fields are all of one kind."""

    def read_all(value: Any) -> Mapping[str, T]:
        if not isinstance(value, Mapping):
            raise NotAsDescribed(f"an object is {type(value).__name__}")
        return {name: read(one) for name, one in cast("Mapping[str, Any]", value).items()}

    return read_all
