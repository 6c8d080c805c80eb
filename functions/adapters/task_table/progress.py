"""Progress of tasks that take long, in their records."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from functions.adapters.clients import new_client, unavailable_on_failure
from functions.tasks.clock import timestamp
from functions.tasks.model import Status

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

_GOES_ON = "#status = :processing AND attribute_not_exists(cancel_requested_at)"


class DynamoDBProgress:
    """`Progress` on DynamoDB. It touches `infrastructure.blocks.iam.PROGRESS_ATTRIBUTES` only."""

    def __init__(self, table: str, now: Callable[[], datetime], client: "DynamoDBClient | None" = None) -> None:
        self._table = table
        self._now = now
        self._client: DynamoDBClient = client or new_client("dynamodb")

    def note(self, task_id: str, owner: str | None, percent: int, text: str) -> bool:
        """One conditional update."""
        progress = {"percent": {"N": str(percent)}, "text": {"S": text}, "at": {"S": timestamp(self._now())}}
        values: dict[str, Any] = {":processing": {"S": Status.PROCESSING}, ":progress": {"M": progress}}
        owned = "" if owner is None else "lease_owner = :owner AND "
        if owner is not None:
            values[":owner"] = {"S": owner}
        with unavailable_on_failure("the task table"):
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key={"task_id": {"S": task_id}},
                    ConditionExpression=f"{owned}{_GOES_ON}",
                    UpdateExpression="SET progress = :progress",
                    ExpressionAttributeNames={"#status": "status"},
                    ExpressionAttributeValues=values,
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return False
        return True
