"""The resources of an evaluated stage, as a bill asks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


class DeclaredResource(Protocol):
    """One resource as the engine would receive it."""

    @property
    def type(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def inputs(self) -> Mapping[str, Any]: ...


FUNCTION = "aws:lambda/function:Function"


class NotDeclared(LookupError):
    """A resource that the bill counts on does not exist: the model has to follow the program."""


@dataclass(frozen=True)
class Declared:
    """All resources of a stage."""

    resources: Sequence[DeclaredResource]

    def all(self, of_type: str) -> list[Mapping[str, Any]]:
        """The inputs of all resources of a type; the type may stand without its module, as `Pipe`."""
        return [one.inputs for one in self.resources if one.type == of_type or one.type.endswith(f":{of_type}")]

    def one(self, of_type: str, name: str = "") -> Mapping[str, Any]:
        """The inputs of the only resource of this type, or of the one with this name. `NotDeclared` otherwise."""
        found = [
            one.inputs
            for one in self.resources
            if (one.type == of_type or one.type.endswith(f":{of_type}")) and name in ("", one.name)
        ]
        if len(found) != 1:
            raise NotDeclared(f"the bill needs one {of_type} {name}".rstrip() + f"; the program declares {len(found)}")
        return found[0]

    def function(self, service: str) -> Mapping[str, Any]:
        """The inputs of the function that the module of this name in `functions/` serves."""
        return self.one(FUNCTION, f"{service}-function")

    def following(self, service: str) -> Mapping[str, Any]:
        """The inputs of the mapping through which this function follows the table's stream."""
        return self.one("aws:lambda/eventSourceMapping:EventSourceMapping", f"{service}-mapping")
