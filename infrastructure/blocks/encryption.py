"""Encryption at rest: by AWS's own keys, which cost nothing, or by a key of the customer's."""

from collections.abc import Sequence

import pulumi_aws as aws

from infrastructure.blocks import iam
from infrastructure.blocks.location import Location

# What a caller needs of the key of a resource that it uses: to read is to decrypt, to send is to encrypt, too. A table
# encrypts with a key of its own, which the caller's right to decrypt unlocks.
_OF_ENCRYPTED = ("dynamodb", "sqs", "sns")
_SENDING = ("sqs:SendMessage", "sns:Publish")


def use_key(location: Location, statements: Sequence[iam.Statement]) -> list[iam.Statement]:
    """The use of the customer's key that these statements imply, through their services only; none without a key.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
    """
    actions = {action for statement in statements for action in statement["Action"]}
    services = sorted({service for service in _OF_ENCRYPTED if any(one.startswith(f"{service}:") for one in actions)})
    if not location.kms_key_arn or not services:
        return []
    uses = ["kms:Decrypt", *(["kms:GenerateDataKey"] if actions & set(_SENDING) else [])]
    through = [f"{service}.{location.region}.amazonaws.com" for service in services]
    allowed = iam.allow("UseTheKey", uses, location.kms_key_arn)
    return [{**allowed, "Condition": {"StringEquals": {"kms:ViaService": through}}}]


def of_table(location: Location) -> aws.dynamodb.TableServerSideEncryptionArgsDict | None:
    """With the customer's key, or None for DynamoDB's own."""
    return {"enabled": True, "kms_key_arn": location.kms_key_arn} if location.kms_key_arn else None
