"""Tags on everything that AWS can tag, so that a bill, a policy or a search finds all of a stack."""

import inspect
from collections.abc import Mapping
from functools import cache
from typing import cast

import pulumi
from pulumi.runtime import register_stack_transformation


def tag_everything(tags: Mapping[str, str]) -> None:
    """Give these tags to every resource that is declared from now on and has tags.

    Which types have them is read off the provider's own classes: no list, so that no new resource is forgotten.
    """

    def add(
        declared: pulumi.ResourceTransformationArgs,
    ) -> pulumi.ResourceTransformationResult | None:
        if not _has_tags(type(declared.resource)):
            return None
        own = cast("Mapping[str, pulumi.Input[str]]", declared.props.get("tags") or {})
        return pulumi.ResourceTransformationResult({**declared.props, "tags": {**tags, **own}}, declared.opts)

    register_stack_transformation(add)


@cache
def _has_tags(of_type: type[pulumi.Resource]) -> bool:
    made = getattr(of_type, "_internal_init", None)
    return made is not None and "tags" in inspect.signature(made).parameters
