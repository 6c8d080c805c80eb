"""An explicit AWS provider in the program. Its settings are about reaching AWS, so none of them applies."""

from __future__ import annotations

from local.program.resources.handler import Inputs, ProvisionedResource, ProvisioningContext, ResourceHandler, keep


def _ensure(_context: ProvisioningContext, inputs: Inputs) -> ProvisionedResource:
    return ProvisionedResource(f"provider/{inputs['name']}", {})


HANDLERS = (
    ResourceHandler(
        type="pulumi:providers:aws",
        applies=frozenset(),
        ensure=_ensure,
        remove=keep,
        ignores={
            "defaultTags": "nothing on the laptop selects or bills by tag",
            "allowedAccountIds": "there is one account",
            "skipCredentialsValidation": "there are no real credentials",
            "skipRegionValidation": "the emulator has one region",
            "version": "the installed provider package is what runs",
        },
    ),
)
