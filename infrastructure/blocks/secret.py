"""A secret that the program makes once, and keeps."""

import secrets

import pulumi
import pulumi_aws as aws

from infrastructure.blocks.component import Component
from infrastructure.blocks.location import Location
from infrastructure.blocks.refs import SecretRef

BYTES = 32


class Secret(Component):
    """Random bytes as hexadecimal digits, in an encrypted parameter. Public: `ref`.

    Each evaluation of the program draws new ones, and all but the first are ignored.
    """

    ref: SecretRef

    def __init__(
        self, name: str, location: Location, description: str, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("taskline:blocks:Secret", name, opts)
        parameter = aws.ssm.Parameter(
            f"{name}-parameter",
            name=location.name(name),
            type="SecureString",
            value=pulumi.Output.secret(secrets.token_hex(BYTES)),
            description=description,
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["value"]),
        )
        self.ref = SecretRef(value=pulumi.Output.secret(parameter.value))
        self.register_outputs({})
