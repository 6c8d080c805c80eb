"""The breaker's ports on AWS: its item in DynamoDB, the switches of pipes, queues that drain, and the attempts that
CloudWatch has counted.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol, cast

import boto3

from functions.adapters.clients import CONFIG, unavailable_on_failure
from functions.tasks.breaker.control import PipeState
from functions.tasks.breaker.states import Attempts, Breaker, Period, State
from functions.tasks.clock import timestamp
from functions.tasks.events.measures import TRANSIENT_FAILURE

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient
    from types_boto3_pipes.client import EventBridgePipesClient
    from types_boto3_sqs.client import SQSClient
    from types_boto3_sqs.literals import QueueAttributeNameType

_PERIOD_SECONDS = 60
# Together all messages of a queue: a delivered one is in none but the second until its execution has succeeded.
COUNTS: "tuple[QueueAttributeNameType, ...]" = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


class CloudWatchClient(Protocol):
    """The part of boto3's client that is used."""

    def get_metric_statistics(self, **request: Any) -> dict[str, Any]:
        """Statistics of one metric."""
        ...


class DynamoDBBreakerStore:
    """`BreakerStore` on a DynamoDB table: one item per breaker.

    Its id is the name that the pipe has in a stack with one lane, whatever lanes there are: earlier releases know it.
    """

    def __init__(self, table_name: str, breaker_id: str, client: "DynamoDBClient | None" = None) -> None:
        self._table = table_name
        self._id = breaker_id
        self._key: Any = {"id": {"S": breaker_id}}
        self._client: DynamoDBClient = client or boto3.client("dynamodb", config=CONFIG)

    def load(self) -> Breaker | None:
        """Read the item, strongly consistent."""
        with unavailable_on_failure("the breaker's table"):
            response = self._client.get_item(TableName=self._table, Key=self._key, ConsistentRead=True)
        return _from_item(response["Item"], self._id) if "Item" in response else None

    def save(self, breaker: Breaker) -> bool:
        """Put the item with the next version, on condition that the given one is stored, or none yet."""
        with unavailable_on_failure("the breaker's table"):
            try:
                self._client.put_item(
                    TableName=self._table,
                    Item=self._key | _to_attributes(breaker),
                    ConditionExpression="attribute_not_exists(id) OR version = :version",
                    ExpressionAttributeValues={":version": {"N": str(breaker.version)}},
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return False
        return True


class EventBridgePipe:
    """`PipeSwitch` on EventBridge Pipes."""

    def __init__(self, name: str, client: "EventBridgePipesClient | None" = None) -> None:
        self._name = name
        self._client: EventBridgePipesClient = client or boto3.client("pipes", config=CONFIG)

    def describe(self) -> PipeState:
        """Describe the pipe."""
        with unavailable_on_failure("the pipe"):
            response = self._client.describe_pipe(Name=self._name)
        return PipeState(
            desired=response["DesiredState"],
            current=response["CurrentState"],
            reason=response.get("StateReason", ""),
        )

    def stop(self) -> bool:
        """Stop it; AWS may move messages for up to two more minutes."""
        return self._switch(self._client.stop_pipe)

    def start(self) -> bool:
        """Start it; AWS takes a minute or two."""
        return self._switch(self._client.start_pipe)

    def _switch(self, action: Any) -> bool:
        with unavailable_on_failure("the pipe"):
            try:
                action(Name=self._name)
            except self._client.exceptions.ConflictException:
                return False
        return True


class SQSDrain:
    """`Drain` on SQS queues, by their URLs."""

    def __init__(self, urls: Sequence[str], client: "SQSClient | None" = None) -> None:
        self._urls = urls
        self._client: SQSClient = client or boto3.client("sqs", config=CONFIG)

    def is_empty(self) -> bool:
        """Ask for the counts of each queue, until one has a message."""
        with unavailable_on_failure("a queue that drains"):
            return all(self._holds_nothing(url) for url in self._urls)

    def _holds_nothing(self, url: str) -> bool:
        found = self._client.get_queue_attributes(QueueUrl=url, AttributeNames=COUNTS)["Attributes"]
        return all(int(found[name]) == 0 for name in COUNTS)


class CloudWatchAttempts:
    """`AttemptCounter` on the metric that the processor writes."""

    def __init__(self, namespace: str, service: str, client: CloudWatchClient | None = None) -> None:
        self._metric: dict[str, Any] = {
            "Namespace": namespace,
            "MetricName": TRANSIENT_FAILURE,
            "Dimensions": [{"Name": "service", "Value": service}],
        }
        self._client = client or cast("CloudWatchClient", boto3.client("cloudwatch", config=CONFIG))

    def between(self, start: datetime, end: datetime) -> Attempts:
        """Sum the window's minutes. CloudWatch rounds the start down to a minute, when the pipe was still stopped."""
        with unavailable_on_failure("CloudWatch"):
            points = self._client.get_metric_statistics(
                **self._metric,
                StartTime=start,
                EndTime=end,
                Period=_PERIOD_SECONDS,
                Statistics=["Sum", "SampleCount"],
            )["Datapoints"]
        return _attempts(points)

    def latest(self, now: datetime, period: timedelta) -> Sequence[Period]:
        """One request for both periods. Those without runs are left out."""
        seconds = int(period.total_seconds())
        current = int(now.timestamp()) // seconds * seconds
        with unavailable_on_failure("CloudWatch"):
            points = self._client.get_metric_statistics(
                **self._metric,
                StartTime=datetime.fromtimestamp(current - seconds, UTC),
                EndTime=datetime.fromtimestamp(current + seconds, UTC),
                Period=seconds,
                Statistics=["Sum", "SampleCount"],
            )["Datapoints"]
        return [Period(start=point["Timestamp"], attempts=_attempts([point])) for point in points]


def _attempts(points: Sequence[Mapping[str, Any]]) -> Attempts:
    return Attempts(
        count=round(sum(point["SampleCount"] for point in points)),
        failures=round(sum(point["Sum"] for point in points)),
    )


def _to_attributes(breaker: Breaker) -> dict[str, Any]:
    return {
        "state": {"S": breaker.state},
        "since": {"S": timestamp(breaker.since)},
        "reason": {"S": breaker.reason},
        "by": {"S": breaker.by},
        "manual": {"BOOL": breaker.manual},
        "holds_pipe": {"BOOL": bool(breaker.held)},  # all that earlier releases know of `held`
        "held": {"L": [{"S": name} for name in sorted(breaker.held)]},
        "version": {"N": str(breaker.version + 1)},
        "generation": {"N": str(breaker.generation)},
        **({"empty_since": {"S": timestamp(breaker.empty_since)}} if breaker.empty_since else {}),
    }


def _from_item(item: dict[str, Any], only_pipe: str) -> Breaker:
    """The breaker in an item. An earlier release, which wrote no `held`, had one pipe."""
    held = item["held"]["L"] if "held" in item else [{"S": only_pipe}] * item["holds_pipe"]["BOOL"]
    return Breaker(
        state=State(item["state"]["S"]),
        since=datetime.fromisoformat(item["since"]["S"]),
        reason=item["reason"]["S"],
        by=item["by"]["S"],
        manual=item["manual"]["BOOL"],
        held=frozenset(one["S"] for one in held),
        version=int(item["version"]["N"]),
        generation=int(item["generation"]["N"]) if "generation" in item else 0,
        empty_since=datetime.fromisoformat(item["empty_since"]["S"]) if "empty_since" in item else None,
    )
