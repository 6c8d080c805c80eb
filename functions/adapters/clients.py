"""AWS clients for the hot path, and what their failures mean to the domain.

Made by botocore: what boto3 adds is not needed here, and every cold start would have to load it.
"""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, Protocol, overload

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from functions.adapters.service_models import new_session
from functions.tasks.errors import Unavailable

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient
    from types_boto3_sqs.client import SQSClient
    from types_boto3_stepfunctions.client import SFNClient

# Two attempts of at most 3 s per call: even a put, the read after its lost reply and a send stay below the functions'
# timeout, and so below API Gateway's 29 s.
CONFIG = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2})


# With this name, the id of the request that submitted a task is in its record and on its message.
CORRELATION_ID = "correlation_id"
CorrelationId = Callable[[], str | None]


def no_correlation() -> str | None:
    """Nobody's request."""
    return None


class SNSClient(Protocol):
    """The part of SNS's client that is used."""

    def publish(self, **request: Any) -> object:
        """Publish one message."""
        ...

    def publish_batch(self, **request: Any) -> dict[str, Any]:
        """Publish up to ten messages."""
        ...


@overload
def new_client(service: Literal["dynamodb"]) -> "DynamoDBClient": ...
@overload
def new_client(service: Literal["sns"]) -> SNSClient: ...
@overload
def new_client(service: Literal["sqs"]) -> "SQSClient": ...
@overload
def new_client(service: Literal["stepfunctions"]) -> "SFNClient": ...
def new_client(service: str) -> Any:
    """A client that gives up in time."""
    return _session().create_client(service, config=CONFIG)


_session = cache(new_session)


class unavailable_on_failure:  # noqa: N801 used as `contextlib.suppress` is
    """Any error from AWS means that `what` is unavailable, and that the client should try again.

    A missing permission or resource is treated alike: it is not the client's fault, the log has the cause, and a
    deployment fixes it.
    """

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        """Nothing: each call to AWS passes here, and a generator would cost it two microseconds."""

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, ClientError | BotoCoreError):
            raise Unavailable(f"{self._what} did not respond: {error}") from error
