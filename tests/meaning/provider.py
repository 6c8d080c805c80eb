"""What the provider accepts: names, nesting and deprecations, read off the classes of the installed SDK.

The engine would complain about the same at `pulumi preview`, but only there: Python checks no key of a nested
dictionary, and under mocks no one checks anything.
"""

import difflib
import importlib
import inspect
import sys
import typing
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import pulumi
from pulumi_aws import iam

from tests.infrastructure.recording import Resource

_LISTS = (list, Sequence)
_ELSEWHERE = {"PolicyDocumentArgs": iam.PolicyDocumentArgs}  # what the SDK's hints name without importing it


class Property(NamedTuple):
    """One input: the class of what is nested in it, unless it is text, and why it should not be used any more."""

    required: bool
    is_list: bool
    nested: type | None
    may_be_text: bool
    deprecated: str


def complaints(resource: Resource) -> list[str]:
    """What is wrong with a resource's inputs; empty if the provider takes them without a warning."""
    args = args_of(resource.type)
    name = args.__name__.removesuffix("Args")
    # The constructor of a deprecated resource warns, in these words.
    said = getattr(sys.modules[args.__module__], name)._internal_init.__code__.co_consts
    found = [one for one in said if str(one).startswith(f"{name} is deprecated")]
    return [*found, *_of_object(resource.inputs, args, name)]


def args_of(token: str) -> type:
    """The class of the inputs of a resource: `aws:lambda/function:Function` is `pulumi_aws.lambda_.Function`."""
    _, path, name = token.split(":")
    package = path.split("/")[0]
    module = importlib.import_module(f"pulumi_aws.{package}{'_' if package == 'lambda' else ''}")
    return getattr(module, f"{name}Args")


def _of_object(given: Mapping[str, Any], args: type, path: str) -> Iterator[str]:
    known = properties(args)
    for name in given.keys() - known.keys():
        similar = difflib.get_close_matches(name, known, n=1)
        yield f"{path} has no {name}" + (f": is it {similar[0]}?" if similar else "")
    for name, one in known.items():
        if name not in given:
            yield from [f"{path}.{name} is missing"] if one.required else []
        else:
            yield from [f"{path}.{name} is deprecated: {one.deprecated}"] if one.deprecated else []
            yield from _of_value(given[name], one, f"{path}.{name}")


def _of_value(value: Any, one: Property, path: str) -> Iterator[str]:
    if one.is_list != isinstance(value, list):
        yield f"{path} is {'not ' if one.is_list else ''}a list"
        return
    for child in value if isinstance(value, list) else [value]:
        if one.nested and isinstance(child, dict):
            yield from _of_object(child, one.nested, path)
        elif one.nested and not one.may_be_text:
            yield f"{path} is not an object"


@cache
def properties(args: type) -> dict[str, Property]:
    """The inputs of one of the provider's classes, by their names on the wire."""
    required = {one.name for one in inspect.signature(args).parameters.values() if one.default is one.empty}
    found: dict[str, Property] = {}
    for python_name, declared in inspect.getmembers(args, lambda one: isinstance(one, property)):
        read = inspect.unwrap(declared.fget)
        hint = typing.get_type_hints(read, read.__globals__, vars(pulumi.output) | _ELSEWHERE)["return"]
        parts = set(_parts(hint))
        found[declared.fget._pulumi_name] = Property(
            required=python_name in required,
            is_list=any(typing.get_origin(part) in _LISTS for part in parts),
            nested=next((part for part in parts if hasattr(part, "_pulumi_input_type")), None),
            may_be_text=str in parts,
            deprecated=_deprecation(declared.fget),
        )
    return found


def _parts(hint: Any) -> Iterator[Any]:
    """All types that a hint consists of."""
    yield hint
    for part in typing.get_args(hint):
        yield from _parts(part)


def _deprecation(getter: Any) -> str:
    """The SDK marks a deprecated input with a decorator, whose closure holds the message."""
    if not hasattr(getter, "_pulumi_deprecated_callable"):
        return ""
    return inspect.getclosurevars(getter).nonlocals["message"]
