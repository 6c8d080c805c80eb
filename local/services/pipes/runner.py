"""Runs a pipe: threads, SQS and an engine under the role of the pipe, and its stop and start."""

from __future__ import annotations

import base64
import json
import sys
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from botocore.config import Config

from local.emulator.assumed_role import AssumedSession, assumed_session
from local.emulator.clients import UNCHECKED, Clients
from local.emulator.demand import Demand, Reason
from local.emulator.lean_client import LeanClient
from local.program.declarations.model import PipeDeclaration
from local.services.pipes.pipe import Engine, Execution, Message, PipeRoute, PipeWorker

if TYPE_CHECKING:
    from types_boto3_stepfunctions import SFNClient

WORKERS = 10
POLL_SECONDS = 1  # also how long a stop may wait for a receive in flight
STATE_SECONDS = 1.0
STOP_SECONDS = 8.0
REPEAT_SECONDS = 30.0
# An Express execution lasts five minutes at most. A retried call would be a second execution, so there is no retry.
EXPRESS = Config(
    inject_host_prefix=False, read_timeout=310, retries={"total_max_attempts": 1}, max_pool_connections=WORKERS
)


class SqsSource:
    """A queue that many workers share; `Demand` decides which of them polls when."""

    def __init__(self, sqs: Any, url: str, is_open: Callable[[], bool]) -> None:
        self._sqs = sqs
        self._url = url
        self._is_open = is_open
        self._demand = Demand()
        self._receiving = 0
        self._quiet = threading.Condition()

    def posted(self) -> None:
        """Announce that a message has arrived, so that it does not wait for a long poll to find it."""
        self._demand.posted()

    def receive(self) -> Message | None:
        worker = threading.get_ident()
        reason = self._demand.reason(worker, POLL_SECONDS)
        if reason is None:
            return None
        message: Message | None = None
        try:
            message = self._poll(POLL_SECONDS if reason is Reason.LISTEN else 0)
        finally:
            self._demand.polled(worker, reason, found=message is not None)
        return message

    def settle(self) -> None:
        """Wait for receives in flight: after a stop, no further message is received once this returns."""
        with self._quiet:
            self._quiet.wait_for(lambda: not self._receiving)

    def delete(self, receipt_handle: str) -> None:
        self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=receipt_handle)
        self._demand.freed(threading.get_ident())

    def _poll(self, wait: int) -> Message | None:
        with self._quiet:
            if not self._is_open():  # closed while this worker waited for a reason to poll
                return None
            self._receiving += 1
        try:
            return self._received(wait)
        finally:
            with self._quiet:
                self._receiving -= 1
                self._quiet.notify_all()

    def _received(self, wait: int) -> Message | None:
        response = self._sqs.receive_message(
            QueueUrl=self._url,
            # One, so that SQS itself keeps a group to one message in flight.
            MaxNumberOfMessages=1,
            WaitTimeSeconds=wait,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        for message in response.get("Messages", []):
            return _message(cast("Mapping[str, Any]", message))
        return None


class StepFunctionsEngine:
    """The emulator's own Step Functions: the reference that tests and benchmarks compare the laptop's engine with."""

    def __init__(self, client: SFNClient) -> None:
        self._client = client

    def start_sync_execution(self, state_machine_arn: str, input: str) -> Execution:  # noqa: A002 AWS's own word
        response: Mapping[str, Any] = self._client.start_sync_execution(stateMachineArn=state_machine_arn, input=input)  # type: ignore[assignment]
        return Execution(
            status=response["status"],
            output=response.get("output"),
            error=response.get("error"),
            cause=response.get("cause"),
            arn=response.get("executionArn", ""),
        )


EngineOf = Callable[[AssumedSession], Engine]
"""Makes the engine of a pipe from the session of its role: it starts only what that role may start."""


def emulator_engine(session: AssumedSession) -> Engine:
    """The emulator's engine, called under the pipe's role. It does not enforce the role of the machine."""
    return StepFunctionsEngine(session.client("stepfunctions", config=EXPRESS))


class PipeRunner:
    """A running pipe. Follows the state that StartPipe and StopPipe set on the emulator."""

    def __init__(self, clients: Clients, declared: PipeDeclaration, engine_of: EngineOf) -> None:
        self._clients = clients
        self._declared = declared
        self._stopping = threading.Event()
        self._open = threading.Event()
        self._was_running: bool | None = None
        self._logged: dict[str, float] = {}
        session = assumed_session(clients, declared.role_arn, declared.name)
        url = clients.sqs.get_queue_url(QueueName=declared.source.rpartition(":")[2])["QueueUrl"]
        self._source = SqsSource(LeanClient(session.client("sqs", config=UNCHECKED)), url, self._takes_messages)
        engine = engine_of(session)
        route = PipeRoute(source_arn=declared.source, target_arn=declared.target, region=clients.region)
        self._threads = [threading.Thread(target=self._follow, name=f"{declared.name}-state", daemon=True)]
        for number in range(WORKERS):
            worker = PipeWorker(route, self._source, engine, self._log)
            name = f"{declared.name}-{number}"
            self._threads.append(threading.Thread(target=self._work, args=(worker,), name=name, daemon=True))

    @property
    def target(self) -> str:
        """The ARN of the state machine that it starts."""
        return self._declared.target

    def posted(self) -> None:
        """Announce that a message has arrived in the queue."""
        self._source.posted()

    def start(self) -> None:
        """Start moving messages, if the pipe's state is RUNNING."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Receive no more messages and wait a little for executions in flight; unfinished messages stay queued."""
        self._stopping.set()
        self._open.set()  # wakes waiting workers, so that they end
        deadline = time.monotonic() + STOP_SECONDS
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, deadline - time.monotonic()))

    def _takes_messages(self) -> bool:
        return self._open.is_set() and not self._stopping.is_set()

    def _work(self, worker: PipeWorker) -> None:
        while not self._stopping.is_set():
            self._open.wait()
            if not self._stopping.is_set():
                self._stopping.wait(worker.step())

    def _follow(self) -> None:
        while not self._stopping.is_set():
            self._set_open(self._is_running())
            self._stopping.wait(STATE_SECONDS)

    def _set_open(self, running: bool) -> None:
        if running == self._was_running or self._stopping.is_set():
            return
        if running:
            self._open.set()
        else:
            self._open.clear()
            self._source.settle()
        if not (running and self._was_running is None):  # that a pipe runs from the start is not worth a line
            self._log({"level": "INFO", "message": "pipe started" if running else "pipe stopped"})
        self._was_running = running

    def _is_running(self) -> bool:
        try:
            return self._clients.pipes.describe_pipe(Name=self._declared.name)["DesiredState"] == "RUNNING"
        except Exception as error:  # whatever it is: the thread must survive to try again
            if not self._stopping.is_set():
                self._log({"level": "ERROR", "message": "the state of the pipe is unknown", "cause": str(error)})
            return False

    def _log(self, line: Mapping[str, object]) -> None:
        if self._stopping.is_set() and line["level"] == "ERROR":
            return  # the emulator is stopping; errors are expected now
        if line.get("message_id") is None and self._logged_lately(str(line.get("cause", ""))):
            return  # no message can be received, and every worker reports that again and again
        stamp = datetime.now(UTC).isoformat(timespec="milliseconds")
        print(json.dumps({"timestamp": stamp, "pipe": self._declared.name, **line}), file=sys.stderr, flush=True)

    def _logged_lately(self, cause: str) -> bool:
        now = time.monotonic()
        lately = cause != "" and now - self._logged.get(cause, -REPEAT_SECONDS) < REPEAT_SECONDS
        if not lately:
            self._logged[cause] = now
        return lately


def _message(received: Mapping[str, Any]) -> Message:
    return Message(
        message_id=received["MessageId"],
        receipt_handle=received["ReceiptHandle"],
        body=received["Body"],
        body_md5=received["MD5OfBody"],
        attributes=received.get("Attributes", {}),
        message_attributes={
            name: {key: _jsonable(value) for key, value in attribute.items()}
            for name, attribute in received.get("MessageAttributes", {}).items()
        },
    )


def _jsonable(value: object) -> object:
    return base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else value
