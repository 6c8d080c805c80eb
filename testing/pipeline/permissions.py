"""What a task type may call on AWS: as on AWS, what it declares, and nothing else."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest import mock

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from functions.tasks.registry import TaskType

# Operations that need the permission of another action. Most need the action of their own name.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
_ACTIONS: Mapping[str, tuple[str, ...]] = {
    "s3:HeadObject": ("s3:GetObject",),
    "s3:CopyObject": ("s3:GetObject", "s3:PutObject"),
    "s3:ListObjects": ("s3:ListBucket",),
    "s3:ListObjectsV2": ("s3:ListBucket",),
    "s3:HeadBucket": ("s3:ListBucket",),
    "s3:DeleteObjects": ("s3:DeleteObject",),
    "s3:CreateMultipartUpload": ("s3:PutObject",),
    "s3:UploadPart": ("s3:PutObject",),
    "s3:CompleteMultipartUpload": ("s3:PutObject",),
    "dynamodb:TransactWriteItems": ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"),
    "dynamodb:TransactGetItems": ("dynamodb:GetItem",),
    "lambda:Invoke": ("lambda:InvokeFunction",),
    "sqs:SendMessageBatch": ("sqs:SendMessage",),
    "sqs:DeleteMessageBatch": ("sqs:DeleteMessage",),
    "sns:PublishBatch": ("sns:Publish",),
}

_CALL = "_make_api_call"  # where all calls pass; moto's documentation replaces it, too


@contextmanager
def calls_allowed(task_type: TaskType | None) -> Generator[None]:
    """Refuse the calls that botocore makes in the block unless the type declares one of their actions.

    Resources are not compared: which one a call means depends on the service.
    """
    declared: set[str] = (
        {action for allow in task_type.needs.permissions for action in allow.actions} if task_type else set()
    )
    original: Any = getattr(BaseClient, _CALL)

    def call(client: Any, operation: str, parameters: object) -> object:
        own = f"{client.meta.service_model.signing_name}:{operation}"
        needed = _ACTIONS.get(own, (own,))
        if declared.isdisjoint(needed):
            raise _denied(operation, needed, task_type)
        return original(client, operation, parameters)

    with mock.patch.object(BaseClient, _CALL, call):
        yield


def _denied(operation: str, needed: tuple[str, ...], task_type: TaskType | None) -> ClientError:
    name = task_type.name if task_type else "?"
    message = (
        f"task type {name!r} does not declare {' or '.join(needed)}: add Allow({needed[0]!r}, on=...) to its "
        "Needs(permissions=...)"
    )
    return ClientError({"Error": {"Code": "AccessDenied", "Message": message}}, operation)
