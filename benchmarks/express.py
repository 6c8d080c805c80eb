"""How fast our Express engine is: alone, and compared with the emulator's own engine, in turns.

`python -m benchmarks.express` deploys the stack on a separate emulator with an empty state, and stops it again.
`--short` runs everything once, to test that the benchmark still runs; its figures are meaningless.
"""

import argparse
import hashlib
import json
import os
import platform
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from asl import FakeTasks, Machine, VirtualClock
from asl.execution.logs import ExecutionLog
from local.deploy import Deployment, headless
from local.emulator.assumed_role import assumed_session
from local.host.state_dir import StateDir
from local.services.pipes.pipe import Engine, Message, PipeRoute, record
from local.services.pipes.runner import WORKERS, EngineOf, PipeRunner, emulator_engine
from statemachine.loader import load_definition

KEYS = WORKERS
ROUTE = PipeRoute(source_arn="arn:aws:sqs:us-east-1:000000000000:tasks.fifo", target_arn="", region="us-east-1")
FAKES: dict[str, list[Any]] = {
    "ClaimTask": [{"result": {"Attributes": {"attempts": {"N": "1"}, "deliveries": {"N": "1"}}}}],
    "ProcessTask": [{"result": {"Payload": {"result": "{}"}}}],
    "RecordResult": [{"result": {}}],
}
PLACEHOLDERS: dict[str, str | int] = {
    "TableName": "tasks",
    "ProcessorFunction": "processor",
    "DeadLetterQueueUrl": "http://127.0.0.1/queue.fifo",
    "ProcessTimeoutSeconds": 5,
    "WorkflowTimeoutSeconds": 100,
    "LeaseSeconds": 120,
    "RetryUntilSeconds": 49,
    "MaxDeliveries": 5,
    "RetentionSeconds": 3600,
}


@dataclass(frozen=True, kw_only=True)
class Amounts:
    """How much is measured."""

    in_process_seconds: float = 5.0
    executions: int = 40
    rounds: int = 3
    chain: int = 20
    tasks_per_key: int = 20


SHORT = Amounts(in_process_seconds=0.1, executions=2, rounds=1, chain=3, tasks_per_key=1)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.express", description=__doc__)
    parser.add_argument("--short", action="store_true", help="run everything once; the figures are meaningless")
    amounts = SHORT if parser.parse_args().short else Amounts()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    for logs in (False, True):
        rate = in_process(amounts.in_process_seconds, logs=logs)
        print(f"in process, faked integrations, {'with' if logs else 'no'} log lines   {rate:8.0f} executions/s")
    with tempfile.TemporaryDirectory() as state, deployed(Path(state), amounts) as bench:
        compare("execution, start to end", "ms", bench.latencies, better=min)
        compare(f"one key, {amounts.chain} tasks through the pipe", "ms per task", bench.chains, better=min)
        compare(f"{KEYS} keys, {WORKERS} workers, through the pipe", "tasks/s", bench.rates, better=max)


def in_process(duration: float, *, logs: bool) -> float:
    """Happy paths of the shipped machine per second, with canned task results and virtual time."""
    machine = Machine.load(json.dumps(load_definition(PLACEHOLDERS)))
    event = json.loads(event_of("key"))
    count, started = 0, time.perf_counter()
    while (seconds := time.perf_counter() - started) < duration:
        log = ExecutionLog(Nowhere(), "group", "stream", "arn", include_data=True) if logs else None
        outcome = machine.run(event, tasks=FakeTasks(FAKES), clock=VirtualClock(), observe=log)
        assert outcome.status == "SUCCEEDED", outcome
        if log is not None:
            log.flush()
        count += 1
    return count / seconds


class Nowhere:
    """A CloudWatch Logs client that discards everything."""

    def create_log_stream(self, **_: Any) -> None:
        """No stream."""

    def put_log_events(self, **_: Any) -> None:
        """No events."""


@dataclass(frozen=True)
class Bench:
    """A deployed stack, and the engines that run its state machine."""

    deployment: Deployment
    engines: Mapping[str, EngineOf]
    amounts: Amounts

    def latencies(self) -> Iterator[tuple[str, float]]:
        """One execution after the other, in turns: from the call that starts it to its response."""
        made = {name: self._engine(engine_of) for name, engine_of in self.engines.items()}
        arn = self.deployment.outputs["state_machine_arn"]
        for turn in range(self.amounts.executions + 1):
            for name, engine in made.items():
                event, started = event_of("key"), time.perf_counter()
                execution = engine.start_sync_execution(arn, event)
                seconds = time.perf_counter() - started
                assert execution.status == "SUCCEEDED", execution
                if turn:  # the first one is cold
                    yield name, seconds * 1000

    def chains(self) -> Iterator[tuple[str, float]]:
        """From the start of one task of a key to the start of the next."""
        for name, started, _ in self._rounds(["chain"], self.amounts.chain):
            yield name, (max(started) - min(started)) * 1000 / (self.amounts.chain - 1)

    def rates(self) -> Iterator[tuple[str, float]]:
        """Tasks that finish per second while as many keys as workers have messages."""
        keys = [f"key-{number}" for number in range(KEYS)]
        for name, started, finished in self._rounds(keys, self.amounts.tasks_per_key):
            yield name, len(finished) / (max(finished) - min(started))

    def _engine(self, engine_of: EngineOf) -> Engine:
        (declared,) = self.deployment.context.deployed.pipes
        return engine_of(assumed_session(self.deployment.context.clients, declared.role_arn, "benchmark"))

    def _rounds(self, keys: list[str], tasks: int) -> Iterator[tuple[str, list[float], list[float]]]:
        for _ in range(self.amounts.rounds):
            for name, engine_of in self.engines.items():
                yield name, *self._through_the_pipe(engine_of, [key for _ in range(tasks) for key in keys])

    def _through_the_pipe(self, engine_of: EngineOf, keys: list[str]) -> tuple[list[float], list[float]]:
        """When each task started and finished, in epoch seconds. All messages are in the queue beforehand."""
        task_ids = [self._send(key) for key in keys]
        context = self.deployment.context
        (declared,) = context.deployed.pipes
        pipe = PipeRunner(context.clients, declared, engine_of)
        pipe.start()
        while self._waiting():
            time.sleep(0.5)
        pipe.stop()
        records = [self._record(task_id) for task_id in task_ids]
        return [started(record) for record in records], [finished(record) for record in records]

    def _send(self, key: str) -> str:
        task_id = str(uuid.uuid4())
        self.deployment.context.clients.sqs.send_message(
            QueueUrl=self.deployment.outputs["queue_url"],
            MessageBody=body_of(key, task_id),
            MessageGroupId=key,
            MessageDeduplicationId=task_id,
        )
        return task_id

    def _waiting(self) -> bool:
        names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        sqs, url = self.deployment.context.clients.sqs, self.deployment.outputs["queue_url"]
        counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return any(count != "0" for count in counts.values())

    def _record(self, task_id: str) -> dict[str, Any]:
        table = self.deployment.outputs["table_name"]
        dynamodb: Any = self.deployment.context.clients.dynamodb
        item = dynamodb.get_item(TableName=table, Key={"task_id": {"S": task_id}})["Item"]
        assert item["status"]["S"] == "succeeded", item
        return dict(item)


def started(record: dict[str, Any]) -> float:
    """When the first execution took the task, in epoch seconds."""
    entries = (entry["M"] for entry in record["history"]["L"])
    return seconds_of(next(one["at"]["S"] for one in entries if one["status"]["S"] == "processing"))


def finished(record: dict[str, Any]) -> float:
    """When the task ended, in epoch seconds."""
    return seconds_of(record["finished_at"]["S"])


def seconds_of(text: str) -> float:
    """A time in epoch seconds."""
    return datetime.fromisoformat(text).timestamp()


@contextmanager
def deployed(folder: Path, amounts: Amounts) -> Generator[Bench]:
    """The stack of stage dev with both engines, but without the front door."""
    with headless(StateDir(folder)) as (deployment, services):
        engines = {"ours": services.express.engine_of, "emulator's": emulator_engine}
        yield Bench(deployment, engines, amounts)


def compare(what: str, unit: str, measure: Callable[[], Iterator[tuple[str, float]]], better: Any) -> None:
    """Measure both engines in turns, and print medians and how many times better ours is."""
    values: dict[str, list[float]] = {}
    for name, value in measure():
        values.setdefault(name, []).append(value)
    medians = {name: statistics.median(samples) for name, samples in values.items()}
    ours, theirs = medians["ours"], medians["emulator's"]
    ratio = theirs / ours if better is min else ours / theirs
    figures = ", ".join(f"{name} {median:6.1f}" for name, median in medians.items())
    print(f"{what:42s} {figures} {unit}: {ratio:4.1f} times (medians of {len(values['ours'])})")


def event_of(key: str) -> str:
    """The input that the pipe passes to an execution: one message with an echo task."""
    task_id, now = str(uuid.uuid4()), str(int(time.time() * 1000))
    body = body_of(key, task_id)
    message = Message(
        message_id=str(uuid.uuid4()),
        receipt_handle=str(uuid.uuid4()),
        body=body,
        body_md5=hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
        attributes={
            "ApproximateFirstReceiveTimestamp": now,
            "ApproximateReceiveCount": "1",
            "MessageDeduplicationId": task_id,
            "MessageGroupId": key,
            "SenderId": "AIDAEXAMPLE",
            "SentTimestamp": now,
            "SequenceNumber": "18849496460467696128",
        },
        message_attributes={},
    )
    return json.dumps([record(message, ROUTE)])


def body_of(key: str, task_id: str) -> str:
    """A message's body: an echo task, as the validator sends it."""
    task: dict[str, Any] = {"title": "t", "description": "d", "priority": "low", "type": "demo.echo", "data": {}}
    about = {"ordering_key": key, "task_id": task_id, "created_at": "2026-01-01T00:00:00.000Z"}
    return json.dumps(task | about)


if __name__ == "__main__":
    main()
