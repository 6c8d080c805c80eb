"""IAM roles and their inline policies. The emulator enforces them, so they are applied in full."""

from __future__ import annotations

import contextlib
import re

from local.program.resources.handler import Inputs, ProvisionedResource, ProvisioningContext, ResourceHandler
from local.program.resources.policies import trusting_the_laptop, with_emulator_actions

BUCKET = re.compile(r"arn:aws:s3:::([a-z0-9][a-z0-9.-]{2,62})")


def _ensure_role(context: ProvisioningContext, inputs: Inputs) -> ProvisionedResource:
    iam = context.clients.iam
    name, trust = inputs["name"], trusting_the_laptop(inputs["assumeRolePolicy"])
    description, seconds = inputs.get("description", ""), inputs.get("maxSessionDuration", 3600)
    try:
        role = iam.get_role(RoleName=name)["Role"]
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust)
        iam.update_role(RoleName=name, Description=description, MaxSessionDuration=seconds)
    except iam.exceptions.NoSuchEntityException:
        role = iam.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=trust,
            Description=description,
            MaxSessionDuration=seconds,
            Path=inputs.get("path", "/"),
        )["Role"]
    return ProvisionedResource(name, {"arn": role["Arn"], "name": name, "uniqueId": role["RoleId"]})


def _remove_role(context: ProvisioningContext, name: str) -> None:
    iam = context.clients.iam
    try:
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=policy)
        iam.delete_role(RoleName=name)
    except iam.exceptions.NoSuchEntityException:
        return


def _ensure_role_policy(context: ProvisioningContext, inputs: Inputs) -> ProvisionedResource:
    role, name = inputs["role"], inputs["name"]
    policy = with_emulator_actions(inputs["policy"])
    context.clients.iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=policy)
    _make_buckets(context, policy)
    return ProvisionedResource(f"{role}:{name}", {})


def _make_buckets(context: ProvisioningContext, policy: str) -> None:
    """On AWS, the buckets that task types may use belong to somebody. Here nobody else could make them."""
    s3 = context.clients.get("s3")
    for bucket in sorted(set(BUCKET.findall(policy))):
        with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):
            s3.create_bucket(Bucket=bucket)


def _remove_role_policy(context: ProvisioningContext, policy_id: str) -> None:
    role, _, name = policy_id.partition(":")
    iam = context.clients.iam
    try:
        iam.delete_role_policy(RoleName=role, PolicyName=name)
    except iam.exceptions.NoSuchEntityException:
        return


HANDLERS = (
    ResourceHandler(
        type="aws:iam/role:Role",
        applies=frozenset({"name", "assumeRolePolicy", "description", "maxSessionDuration", "path"}),
        ensure=_ensure_role,
        remove=_remove_role,
        ignores={
            "permissionsBoundary": "it only takes away what a role may do, and the laptop has nobody to keep from it",
            "forceDetachPolicies": "a role is always removed with its policies",
            "namePrefix": "the logical name is unique enough on the laptop, and stays the same",
        },
    ),
    ResourceHandler(
        type="aws:iam/rolePolicy:RolePolicy",
        applies=frozenset({"name", "role", "policy"}),
        ensure=_ensure_role_policy,
        remove=_remove_role_policy,
    ),
)
