"""What a policy allows under a condition: of a request, the emulator does not find out all that AWS would judge by.

The judgement is the emulator's own, of the policy as it is deployed. Which attributes a request names is found out
here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from ministack.core.iam_actions import dynamodb_service_context  # pyright: ignore[reportMissingTypeStubs]
from ministack.core.iam_evaluator import (  # pyright: ignore[reportMissingTypeStubs]
    EvalContext,
    evaluate,
    parse_policy_document,
)

from functions.adapters.task_table.progress import DynamoDBProgress
from infrastructure.blocks.iam import PROGRESS_ATTRIBUTES
from tests.local.laptop import Laptop

pytestmark = pytest.mark.check

ROLE = "taskline-dev-processor-long"
_KEYWORDS = frozenset({"SET", "REMOVE", "ADD", "DELETE", "AND", "OR", "NOT"})
_NAME = re.compile(r"(?<![:\w#])(#?[A-Za-z_]\w*)(?!\w*\()")


class Client:
    """A client of DynamoDB that keeps the last update."""

    request: dict[str, Any]

    class exceptions:  # noqa: N801 botocore's name
        ConditionalCheckFailedException = KeyError

    def update_item(self, **request: Any) -> None:
        self.request = request


def progress(owner: str | None) -> dict[str, Any]:
    """The request with which progress is noted."""
    client = Client()
    DynamoDBProgress("t", lambda: datetime(2026, 1, 1, tzinfo=UTC), client).note("x", owner, 50, "")  # pyright: ignore[reportArgumentType]
    return client.request


def update_of(attribute: str) -> dict[str, Any]:
    """A request that changes an attribute."""
    return {
        "Key": {"task_id": {"S": "x"}},
        "UpdateExpression": "SET #a = :v",
        "ExpressionAttributeNames": {"#a": attribute},
    }


def attributes(request: Mapping[str, Any]) -> set[str]:
    """The attributes that an update names, which AWS judges by as `dynamodb:Attributes`."""
    named = request.get("ExpressionAttributeNames", {})
    expressions = (request.get("UpdateExpression", ""), request.get("ConditionExpression", ""))
    words = {word for text in expressions for word in _NAME.findall(text)} - _KEYWORDS
    return {*request["Key"], *(named.get(word, word) for word in words)}


def may_update(laptop: Laptop, request: Mapping[str, Any]) -> bool:
    """The emulator's judgement of the role's policy, with the attributes as AWS knows them."""
    iam: Any = laptop.clients.iam
    (name,) = iam.list_role_policies(RoleName=ROLE)["PolicyNames"]
    policy = iam.get_role_policy(RoleName=ROLE, PolicyName=name)["PolicyDocument"]
    table = laptop.clients.dynamodb.describe_table(TableName=laptop.outputs["table_name"])["Table"]
    context = EvalContext(
        principal_arn=ROLE,
        principal_type="AssumedRole",
        principal_account="000000000000",
        action="dynamodb:UpdateItem",
        resource_arn=table["TableArn"],  # pyright: ignore[reportTypedDictNotRequiredAccess]
        region="us-east-1",
        service_context={  # as the evaluator names them
            "dynamodb:attributes": sorted(attributes(request)),
            **({"dynamodb:returnvalues": request["ReturnValues"]} if "ReturnValues" in request else {}),
        },
    )
    return evaluate(context, [parse_policy_document(policy)]).decision == "Allow"


@pytest.mark.parametrize("owner", [None, "run-1"])
def test_a_processor_of_long_tasks_may_note_progress(laptop: Laptop, owner: str | None) -> None:
    assert may_update(laptop, progress(owner))


@pytest.mark.parametrize("attribute", ["body", "result", "attempts", "history", "client"])
def test_a_processor_of_long_tasks_may_change_nothing_else_of_a_record(laptop: Laptop, attribute: str) -> None:
    assert not may_update(laptop, update_of(attribute))


def test_a_processor_of_long_tasks_does_not_see_the_rest_of_a_record_that_it_updates(laptop: Laptop) -> None:
    assert may_update(laptop, {**progress(None), "ReturnValues": "NONE"})
    assert not may_update(laptop, {**progress(None), "ReturnValues": "ALL_OLD"})


def test_each_attribute_that_the_policy_names_is_one_of_the_request() -> None:
    assert attributes(progress("run-1")) == set(PROGRESS_ATTRIBUTES)


def test_the_emulator_does_not_find_out_which_attributes_an_update_names() -> None:
    """So it allows every update under this condition. When this fails, the tests above can make real calls."""
    assert "dynamodb:Attributes" not in dynamodb_service_context(json.dumps(update_of("body")).encode())
