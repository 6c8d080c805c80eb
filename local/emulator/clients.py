"""boto3 clients for the emulator, as root of its one account. Each is built once: that takes 50 ms."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, cast

import boto3
import botocore.session
from botocore.config import Config

from local.emulator.address import split

if TYPE_CHECKING:
    from types_boto3_apigateway import APIGatewayClient
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_iam import IAMClient
    from types_boto3_lambda import LambdaClient
    from types_boto3_logs import CloudWatchLogsClient
    from types_boto3_pipes import EventBridgePipesClient
    from types_boto3_sqs import SQSClient
    from types_boto3_stepfunctions import SFNClient
    from types_boto3_sts import STSClient

ROOT_KEY = "test"  # the emulator's root user; policies do not apply to it
# Without `inject_host_prefix=False` StartSyncExecution goes to sync-127.0.0.1.
CONFIG = Config(inject_host_prefix=False, max_pool_connections=32, retries={"total_max_attempts": 2})

# For the laptop edition's own repeated requests, whose parameters need no validation.
UNCHECKED = CONFIG.merge(Config(parameter_validation=False))


class Clients:
    """Clients by service name, for any thread."""

    def __init__(self, address: str, region: str) -> None:
        """`address` is the emulator's endpoint with the secret of its start: `http://secret@127.0.0.1:port`."""
        self.address = address
        self.secret, self.endpoint = split(address)
        self.region = region
        self.session = boto3.session.Session(
            aws_access_key_id=ROOT_KEY,
            aws_secret_access_key=ROOT_KEY,
            region_name=region,
            botocore_session=self.botocore_session(),
        )
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()  # a session must not build two clients at a time

    def botocore_session(self) -> Any:
        """A new session whose clients the emulator's guard admits. Botocore is untyped."""
        session: Any = botocore.session.Session()
        session.set_config_variable("user_agent_appid", self.secret)
        return session

    def build(self, service: str, config: Config) -> Any:
        """A new client with its own settings."""
        with self._lock:
            build = cast("Any", self.session).client
            return build(service, endpoint_url=self.endpoint, config=config)

    def get(self, service: str) -> Any:
        """The client of any service; prefer the typed properties."""
        with self._lock:
            if service not in self._clients:
                build = cast("Any", self.session).client
                client = build(service, endpoint_url=self.endpoint, config=CONFIG)
                # botocore creates them on first use, without a lock: two threads could get different classes, and an
                # `except` with one does not catch the other.
                _ = client.exceptions
                self._clients[service] = client
            return self._clients[service]

    @property
    def apigateway(self) -> APIGatewayClient:
        return self.get("apigateway")

    @property
    def cloudwatch(self) -> Any:
        """Its stubs are not installed."""
        return self.get("cloudwatch")

    @property
    def dynamodb(self) -> DynamoDBClient:
        return self.get("dynamodb")

    @property
    def events(self) -> Any:
        """Its stubs are not installed."""
        return self.get("events")

    @property
    def iam(self) -> IAMClient:
        return self.get("iam")

    @property
    def lambda_(self) -> LambdaClient:
        return self.get("lambda")

    @property
    def logs(self) -> CloudWatchLogsClient:
        return self.get("logs")

    @property
    def pipes(self) -> EventBridgePipesClient:
        return self.get("pipes")

    @property
    def sns(self) -> Any:
        """Its stubs are not installed."""
        return self.get("sns")

    @property
    def sqs(self) -> SQSClient:
        return self.get("sqs")

    @property
    def stepfunctions(self) -> SFNClient:
        return self.get("stepfunctions")

    @property
    def sts(self) -> STSClient:
        return self.get("sts")
