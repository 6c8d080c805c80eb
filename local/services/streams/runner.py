"""Runs the event source mappings of a table's stream: reads it, invokes the functions, records what is given up.

That record is sent under the function's own role, as on AWS. The stream is read as root: measured, the emulator lets a
role read a stream only if it may read every resource.

The emulator's journal keeps records until the reader asks for those after them, so the next are read only when every
mapping has processed all: no death of any process loses one, and some are processed twice.
"""

from __future__ import annotations

import base64
import json
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from local.emulator.assumed_role import AssumedSession, assumed_session
from local.emulator.clients import UNCHECKED, Clients
from local.emulator.lean_client import LeanClient
from local.program.declarations.model import StreamDeclaration
from local.services.lambdas.model import Invoker
from local.services.streams.stream import IDLE_SECONDS, FunctionFailed, MappingSettings, Record, StreamWorker

PAGE = 1000
SHARD_ID = "shardId-00000000000000000000-00000000"
REPEAT_SECONDS = 30.0
STOP_SECONDS = 8.0
# After ten seconds in which nothing has changed, a stream is read less often: most of the time there is nothing to do.
EMPTY_READS, RESTING_SECONDS = 40, 1.0


class StreamReader:
    """The stream's records, oldest first, each once. `read` promises that all it returned before are processed.

    It always starts with the oldest: the journal holds only what an earlier start had not processed.
    """

    def __init__(self, client: Any, stream_arn: str) -> None:
        self._client = client
        self._arn = stream_arn
        self._iterator = self._start("TRIM_HORIZON")
        self._last = ""

    def read(self) -> list[Record]:
        """The records since the last call."""
        if self._iterator is None:  # lost with an error: continue after the last record
            self._iterator = self._start("AFTER_SEQUENCE_NUMBER" if self._last else "TRIM_HORIZON")
        iterator, self._iterator = self._iterator, None
        response = self._client.get_records(ShardIterator=iterator, Limit=PAGE)
        self._iterator = response.get("NextShardIterator")
        records = [_as_event(record, self._arn) for record in response["Records"]]
        if records:
            self._last = records[-1]["dynamodb"]["SequenceNumber"]
        return records

    def _start(self, kind: str) -> str | None:
        (shard,) = self._client.describe_stream(StreamArn=self._arn)["StreamDescription"]["Shards"]
        position = {"SequenceNumber": self._last} if kind == "AFTER_SEQUENCE_NUMBER" else {}
        request = {"StreamArn": self._arn, "ShardId": shard["ShardId"], "ShardIteratorType": kind, **position}
        return self._client.get_shard_iterator(**request)["ShardIterator"]


class LambdaFunction:
    """A function, invoked as Lambda itself would invoke it. `window_seconds` is 0 for a mapping without a window.

    A window ends here without a last invocation, which no function of ours has a use for.
    """

    def __init__(self, functions: Invoker, name: str, window_seconds: int = 0) -> None:
        self._functions = functions
        self._name = name
        self._window_seconds = window_seconds
        self._window: dict[str, str] = {}
        self._state: object = {}

    def invoke(self, records: list[Record]) -> object:
        if not self._window_seconds:
            return self._response({"Records": records})
        window = _window(records[0], self._window_seconds)
        if window != self._window:
            self._window, self._state = window, {}
        about = {"window": window, "state": self._state, "shardId": SHARD_ID}
        flags = {"isFinalInvokeForWindow": False, "isWindowTerminatedEarly": False}
        response = self._response({"Records": records, **about, **flags})
        if not isinstance(response, dict) or "state" not in response:
            raise FunctionFailed("the response to a window has no state")
        self._state = response["state"]  # pyright: ignore[reportUnknownMemberType]
        return response  # pyright: ignore[reportUnknownVariableType]

    def _response(self, event: Mapping[str, Any]) -> object:
        try:
            invocation = self._functions.invoke(self._name, json.dumps(event).encode())
        except Exception as error:  # whatever it is, the batch is retried
            raise FunctionFailed(str(error)) from error
        if invocation.failed:
            raise FunctionFailed(invocation.payload.decode(errors="replace"))
        return json.loads(invocation.payload or b"null")


class FailureQueue:
    """The on-failure destination; it receives Lambda's own invocation record."""

    def __init__(self, session: AssumedSession, declared: StreamDeclaration, function_arn: str) -> None:
        self._session = session
        self._declared = declared
        self._function_arn = function_arn

    def record(self, records: list[Record], condition: str, invocations: int) -> None:
        if not self._declared.on_failure_arn:
            return
        sqs = self._session.client("sqs")
        url = sqs.get_queue_url(QueueName=self._declared.on_failure_arn.rpartition(":")[2])["QueueUrl"]
        sqs.send_message(
            QueueUrl=url, MessageBody=json.dumps(self._invocation_record(records, condition, invocations))
        )

    def _invocation_record(self, records: list[Record], condition: str, invocations: int) -> dict[str, Any]:
        first, last = records[0]["dynamodb"], records[-1]["dynamodb"]
        return {
            "requestContext": {
                "requestId": str(uuid.uuid4()),
                "functionArn": self._function_arn,
                "condition": condition,
                "approximateInvokeCount": invocations,
            },
            "version": "1.0",
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "DDBStreamBatchInfo": {
                "shardId": SHARD_ID,
                "startSequenceNumber": first["SequenceNumber"],
                "endSequenceNumber": last["SequenceNumber"],
                "batchSize": len(records),
                "streamArn": self._declared.stream_arn,
            },
        }


OnRecords = Callable[[list[Record]], None]


def _nobody(_records: list[Record]) -> None:
    """Nobody looks at the records besides the function."""


class StreamMappings:
    """The running mappings of one stream. `start` them once, and `stop` them. `seen` gets the records first."""

    def __init__(
        self, clients: Clients, functions: Invoker, declared: Sequence[StreamDeclaration], seen: OnRecords = _nobody
    ) -> None:
        self._arn = declared[0].stream_arn
        self._seen = seen
        self._stopping = threading.Event()
        self._logged: dict[str, float] = {}
        self._empty = 0  # reads without records since the last one that had some
        self._reader = StreamReader(LeanClient(clients.build("dynamodbstreams", UNCHECKED)), self._arn)
        self._workers = [_worker(clients, functions, one) for one in declared]
        self._thread = threading.Thread(target=self._work, name="stream", daemon=True)

    def start(self) -> None:
        """Start reading."""
        self._thread.start()

    def stop(self) -> None:
        """Process what is there, as far as that succeeds; the next start has the rest."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(STOP_SECONDS)

    def _work(self) -> None:
        while not self._stopping.is_set():
            self._stopping.wait(self._step())
        while self._step() == 0.0:  # the last changes; the first error ends it
            pass

    def _step(self) -> float:
        try:
            if not any(worker.waiting for worker in self._workers):
                records = self._reader.read()
                self._empty = 0 if records else self._empty + 1
                self._seen(records)
                for worker in self._workers:
                    worker.add(records)
            pauses = [worker.step() for worker in self._workers if worker.waiting]
            # After a batch that was not full, records gather for a moment, so that one invocation takes many of them.
            waiting = any(worker.waiting for worker in self._workers)
            idle = RESTING_SECONDS if self._empty > EMPTY_READS else IDLE_SECONDS
            return min(pauses, default=idle) or (0.0 if waiting or self._stopping.is_set() else idle)
        except Exception as error:  # whatever it is: the thread must survive to try again
            self._log(str(error))
            return 1.0

    def _log(self, cause: str) -> None:
        now = time.monotonic()
        if self._stopping.is_set() or now - self._logged.get(cause, -REPEAT_SECONDS) < REPEAT_SECONDS:
            return
        self._logged[cause] = now
        stamp = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = {"timestamp": stamp, "level": "ERROR", "message": "stream step failed"}
        line |= {"stream": self._arn, "cause": cause}
        print(json.dumps(line), file=sys.stderr, flush=True)


def by_stream(declared: Iterable[StreamDeclaration]) -> list[list[StreamDeclaration]]:
    """The mappings of each stream, which are read together."""
    streams: dict[str, list[StreamDeclaration]] = {}
    for one in declared:
        streams.setdefault(one.stream_arn, []).append(one)
    return list(streams.values())


def _worker(clients: Clients, functions: Invoker, declared: StreamDeclaration) -> StreamWorker:
    function: Mapping[str, Any] = clients.lambda_.get_function_configuration(FunctionName=declared.function)  # type: ignore[assignment]
    session = assumed_session(clients, function["Role"], declared.function)
    rules = MappingSettings(
        batch_size=declared.batch_size,
        reports_failures=declared.reports_failures,
        bisects=declared.bisects,
        max_retries=declared.max_retries,
        max_age_seconds=declared.max_age_seconds,
    )
    destination = FailureQueue(session, declared, function["FunctionArn"])
    invoked = LambdaFunction(functions, declared.function, declared.window_seconds)
    return StreamWorker(rules, invoked, destination, time.time)


def _window(record: Record, seconds: int) -> dict[str, str]:
    """The window that a record belongs to."""
    start = record["dynamodb"]["ApproximateCreationDateTime"] // seconds * seconds
    stamps = (datetime.fromtimestamp(moment, UTC) for moment in (start, start + seconds))
    begin, end = (stamp.isoformat(timespec="seconds").replace("+00:00", "Z") for stamp in stamps)
    return {"start": begin, "end": end}


def _as_event(record: Mapping[str, Any], stream_arn: str) -> Record:
    """A record as Lambda passes it on: JSON, with times in seconds and binary values in base64."""
    change = record["dynamodb"]
    moment = change["ApproximateCreationDateTime"].timestamp()
    return {
        **record,
        "eventSourceARN": stream_arn,
        "dynamodb": {**_plain(change), "ApproximateCreationDateTime": moment},
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, list | set | tuple):
        return [_plain(item) for item in cast("list[Any]", value)]
    return base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else value
