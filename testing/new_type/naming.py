"""Names in a new type's files, which follow from its own."""

import builtins
import keyword
import re
from collections.abc import Iterable
from dataclasses import dataclass

_TYPE = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")  # what the API accepts
_LONGEST = 32  # so that each line fits
_TAKEN = {*dir(builtins), "pytest", "task_type"}


class CannotName(ValueError):
    """There can be no new type of this name. The message says why, and what to do."""


@dataclass(frozen=True, kw_only=True)
class Name:
    """A type's name, and that of its module and its function. `model` is the class of its data."""

    type: str
    function: str

    @property
    def model(self) -> str:
        """InvoiceRenderData, for invoice.render."""
        return "".join(part.capitalize() for part in self.function.split("_")) + "Data"


def named(type_name: str, known: Iterable[str]) -> Name:
    """The names for a new type; `CannotName` if it exists, or cannot."""
    if not _TYPE.fullmatch(type_name):
        raise CannotName(
            f"{type_name!r} is no name of a task type: use up to 64 of a-z, 0-9, dot, dash and underscore, and begin "
            "with a letter or a digit"
        )
    if type_name in set(known):
        raise CannotName(f"the task type {type_name!r} exists already")
    parts = re.split(r"[.-]", type_name)
    for part in parts:
        if not part.isidentifier() or keyword.iskeyword(part):
            raise CannotName(
                f"{part!r} in {type_name!r} cannot be a part of a name in Python: each part between dots and dashes "
                "begins with a letter and is no keyword"
            )
    function = "_".join(parts)
    if function in _TAKEN:
        raise CannotName(f"{type_name!r} means something else in Python: add a part, such as {type_name}.run")
    if len(function) > _LONGEST:
        raise CannotName(f"{type_name!r} has {len(function)} characters: use at most {_LONGEST}")
    return Name(type=type_name, function=function)
