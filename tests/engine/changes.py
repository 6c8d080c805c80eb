"""What a change of settings does to the resources, without the engine: the program is evaluated before and after."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pulumi.runtime.mocks import MockResourceArgs

from tests.engine.provider.difference import Difference, difference
from tests.infrastructure.recording import Recording, Stack, comparable, run

Key = tuple[str, str]  # type and name
# Replaced, these have another ARN; the others have names of their own, which are in their ARNs.
NUMBERED = frozenset({"aws:lambda/layerVersion:LayerVersion"})


class Replacing(Recording):
    """Gives the resources that are `replaced` new ids, as AWS does, so that what refers to them changes, too."""

    def __init__(self, replaced: frozenset[Key]) -> None:
        super().__init__()
        self._replaced = replaced

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        made, state = super().new_resource(args)
        if (args.typ, args.name) not in self._replaced:
            return made, state
        return f"{made}-again", state | ({"arn": f"{state['arn']}1"} if args.typ in NUMBERED else {})


@dataclass(frozen=True)
class Changes:
    """The resources that are created, deleted, updated in place, and replaced."""

    created: frozenset[Key]
    deleted: frozenset[Key]
    differences: Mapping[Key, Difference]

    @property
    def replaced(self) -> frozenset[Key]:
        return frozenset(key for key, found in self.differences.items() if found.forces)

    @property
    def updated(self) -> frozenset[Key]:
        return frozenset(self.differences) - self.replaced


def resources(stack: Stack) -> dict[Key, dict[str, Any]]:
    """The inputs of each resource that a provider has, without those whose changes are ignored."""
    return {
        (one.type, one.name): comparable(
            {name: value for name, value in one.inputs.items() if name not in one.ignored_changes}
            | ({"tags": dict(one.tags)} if one.tags else {})
        )
        for one in stack
        if one.custom
    }


def changes(before: Mapping[Key, Mapping[str, Any]], after: Mapping[Key, Mapping[str, Any]]) -> Changes:
    both = before.keys() & after.keys()
    found = {key: difference(key[0], before[key], after[key]) for key in both}
    return Changes(
        created=frozenset(after.keys() - both),
        deleted=frozenset(before.keys() - both),
        differences={key: one for key, one in found.items() if one.changes},
    )


def changes_with_consequences(stage: str, layer: Path, before: Mapping[Key, Any], **settings: Any) -> Changes:
    """As `changes`, and what is replaced changes what refers to it, until nothing more does."""
    replaced: frozenset[Key] = frozenset()
    while True:
        found = changes(before, resources(run(stage, layer, into=Replacing(replaced), **settings)))
        if found.replaced <= replaced:
            return found
        replaced |= found.replaced
