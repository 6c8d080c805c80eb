"""Where the stack is deployed, the names of its resources there, and the key that encrypts them."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

# The account of emulators, the laptop's included. AWS gives this id to no one, and no setting can claim it.
EMULATED_ACCOUNT = "000000000000"


@dataclass(frozen=True, kw_only=True)
class Location:
    """Partition, region, account, the prefix of all physical names, and the ARNs of the customer's key and of the
    policy that bounds all roles, empty for none.

    Names are set, not generated: log groups, trust policies and operators need them before there are outputs.
    """

    partition: str
    region: str
    account: str
    prefix: str
    kms_key_arn: str = ""
    permissions_boundary_arn: str = ""

    @property
    def on_aws(self) -> bool:
        """Whether the stack is deployed to AWS, where strangers can reach it, and not to an emulator."""
        return self.account != EMULATED_ACCOUNT

    def name(self, suffix: str) -> str:
        """The physical name of a resource: `taskline-dev-tasks`."""
        return f"{self.prefix}-{suffix}"

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource of this account and region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"


def current_location() -> Location:
    """The location that the AWS provider is configured for."""
    return Location(
        partition=aws.get_partition().partition,
        region=aws.get_region().region,
        account=aws.get_caller_identity().account_id,
        prefix=f"{pulumi.get_project()}-{pulumi.get_stack()}",
    )
