"""What a resource handler is, what it receives, and what it returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.emulator.clients import Clients
from local.program.declarations.model import Declarations

Inputs = Mapping[str, Any]

# Properties about how Pulumi or AWS manage a resource of any type, which have no meaning on a single emulator.
COMMON_IGNORED: Mapping[str, str] = {
    "tags": "nothing on the laptop selects or bills by tag",
    "tagsAll": "nothing on the laptop selects or bills by tag",
    "region": "the emulator has one region, that of aws:region",
}


@dataclass(frozen=True, kw_only=True)
class ProvisioningContext:
    """What every handler may use. `public_url` is the address of the front door."""

    clients: Clients
    account: str
    region: str
    public_url: str
    deployed: Declarations = field(default_factory=Declarations)

    def arn(self, service: str, resource: str) -> str:
        """An ARN of this account and region."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"


@dataclass(frozen=True)
class ProvisionedResource:
    """The real id of a resource and its output properties, in Pulumi's camelCase.

    Every output that a program may read has to be here: Pulumi silently turns a missing one into None.
    `key` names the resource for `remove`; it is set where the id changes from one start to the next, as the URL of a
    queue does with the emulator's port.
    """

    id: str
    outputs: Mapping[str, Any]
    key: str = ""


@dataclass(frozen=True, kw_only=True)
class ResourceHandler:
    """How resources of one type are created, updated and removed on the emulator.

    `applies` and `ignores` hold property paths (`sourceParameters.sqsQueueParameters.batchSize`; list elements add
    nothing to a path). A path covers everything below it. `ignores` states the reasons. All others are errors.
    `ensure` creates the resource or brings an existing one to the declared state; `inputs["name"]` is always set.
    `remove` receives the key (or id) that `ensure` returned; it is not an error if the resource is already gone.
    """

    type: str
    applies: frozenset[str]
    ensure: Callable[[ProvisioningContext, Inputs], ProvisionedResource]
    remove: Callable[[ProvisioningContext, str], None]
    ignores: Mapping[str, str] = field(default_factory=dict[str, str])


def section(inputs: Inputs, key: str) -> dict[str, Any]:
    """A nested property, {} if it is not set."""
    return inputs.get(key) or {}


def sections(inputs: Inputs, key: str) -> list[dict[str, Any]]:
    """A list of nested properties, [] if it is not set."""
    return inputs.get(key) or []


def keep(_context: ProvisioningContext, _key: str) -> None:
    """A `remove` for resources that are removed together with the one that they belong to."""
