"""Which AWS calls one task causes on the laptop, what makes them, and what each costs.

`python -m benchmarks.calls` starts a separate laptop edition with an empty state, has the emulator record its calls
while one client submits tasks, and repeats each kind of call on scratch resources to measure its CPU. It prints the
table of `docs/reference/laptop-costs.md`. `--short` counts few tasks, to test that the benchmark still runs.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import psutil

from benchmarks.driving import Laptop, TaskClient, running, wait_until_empty
from local.emulator import emulator_process
from local.emulator.lean_client import LeanClient

KEYS = 20
PAGE = 50  # the emulator returns no more of its recorded calls at a time


@dataclass(frozen=True, kw_only=True)
class MeasuredCall:
    """A kind of call: its name in CloudTrail, its caller and purpose, and how to make one that costs as much."""

    source: str
    name: str
    caller: str
    purpose: str
    make: Callable[["ScratchResources"], object]


class ScratchResources:
    """Resources for repeated calls."""

    def __init__(self, laptop: Laptop) -> None:
        clients = laptop.clients
        self.dynamodb = LeanClient(clients.dynamodb)
        self.sqs = LeanClient(clients.sqs)
        self.streams = LeanClient(clients.get("dynamodbstreams"))
        self.logs: Any = clients.logs
        self.sns: Any = clients.sns
        self.lambda_: Any = clients.lambda_
        self.pipes: Any = clients.pipes
        self.cloudwatch: Any = clients.cloudwatch
        self.table = str(laptop.outputs["table_name"])
        self.pipe = str(laptop.outputs["pipe_name"])
        self.function = next(name for name in laptop.outputs["function_names"] if name.endswith("processor"))
        self.item = next(iter(laptop.clients.dynamodb.scan(TableName=self.table, Limit=1)["Items"]))
        self.queue = self.sqs.create_queue(QueueName="scratch.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
        self.topic = self.sns.create_topic(Name="scratch")["TopicArn"]
        self.logs.create_log_group(logGroupName="scratch")
        self.logs.create_log_stream(logGroupName="scratch", logStreamName="scratch")
        self.number = 0

    @cached_property
    def end_of_stream(self) -> str:
        """The end of the table's stream, where there are no changes yet."""
        arn = self.dynamodb.describe_table(TableName=self.table)["Table"]["LatestStreamArn"]
        (shard,) = self.streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        about = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "LATEST"}
        return self.streams.get_shard_iterator(**about)["ShardIterator"]

    def fresh(self) -> str:
        """An unused name."""
        self.number += 1
        return f"scratch-{self.number}"


def put_item(on: ScratchResources) -> object:
    """A record as the validator writes it."""
    return on.dynamodb.put_item(TableName=on.table, Item=on.item | {"task_id": {"S": on.fresh()}})


def update_item(on: ScratchResources) -> object:
    """A change as the state machine makes it."""
    return on.dynamodb.update_item(
        TableName=on.table,
        Key={"task_id": {"S": "scratch"}},
        UpdateExpression="SET #status = :status, attempts = :attempts",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":status": {"S": "scratch"}, ":attempts": {"N": "1"}},
        ReturnValues="ALL_NEW",
    )


def send_message(on: ScratchResources) -> object:
    """A message as the validator sends it."""
    name = on.fresh()
    body = on.item["body"]["S"]
    return on.sqs.send_message(QueueUrl=on.queue, MessageBody=body, MessageGroupId=name, MessageDeduplicationId=name)


def receive_and_delete(on: ScratchResources) -> object:
    """Two calls: a message has to be received before it can be deleted."""
    received = on.sqs.receive_message(QueueUrl=on.queue, MessageSystemAttributeNames=["All"])
    handle = received["Messages"][0]["ReceiptHandle"]
    return on.sqs.delete_message(QueueUrl=on.queue, ReceiptHandle=handle)


def publish_batch(on: ScratchResources) -> object:
    """Ten events."""
    attributes = {"status": {"DataType": "String", "StringValue": "queued"}}
    entries = [{"Id": str(n), "Message": "x" * 600, "MessageAttributes": attributes} for n in range(10)]
    return on.sns.publish_batch(TopicArn=on.topic, PublishBatchRequestEntries=entries)


def put_log_events(on: ScratchResources) -> object:
    """The log of one execution, about 40 KB."""
    events = [{"timestamp": int(time.time() * 1000), "message": "x" * 2000} for _ in range(20)]
    return on.logs.put_log_events(logGroupName="scratch", logStreamName="scratch", logEvents=events)


def put_metric_data(on: ScratchResources) -> object:
    """One datum for each of ten metrics."""
    data = [{"MetricName": f"m{n}", "Values": [1.0], "Counts": [3.0]} for n in range(10)]
    return on.cloudwatch.put_metric_data(Namespace="Scratch", MetricData=data)


DYNAMODB, SQS, LOGS = "dynamodb.amazonaws.com", "sqs.amazonaws.com", "logs.amazonaws.com"
CALLS = (
    MeasuredCall(source=DYNAMODB, name="PutItem", caller="validator", purpose="the record", make=put_item),
    MeasuredCall(source=SQS, name="SendMessage", caller="validator", purpose="the message", make=send_message),
    MeasuredCall(source=SQS, name="ReceiveMessage", caller="pipe", purpose="receives it", make=receive_and_delete),
    MeasuredCall(
        source=DYNAMODB, name="UpdateItem", caller="state machine", purpose="claim, result", make=update_item
    ),
    MeasuredCall(source=SQS, name="DeleteMessage", caller="pipe", purpose="deletes it", make=receive_and_delete),
    MeasuredCall(
        source="dynamodbstreams.amazonaws.com",
        name="GetRecords",
        caller="stream mapping",
        purpose="changes of records; four per second",
        make=lambda on: on.streams.get_records(ShardIterator=on.end_of_stream),
    ),
    MeasuredCall(
        source="sns.amazonaws.com", name="POST.sns", caller="events", purpose="PublishBatch", make=publish_batch
    ),
    MeasuredCall(
        source=LOGS, name="PutLogEvents", caller="log delivery", purpose="executions, functions", make=put_log_events
    ),
    MeasuredCall(
        source="monitoring.amazonaws.com",
        name="PutMetricData",
        caller="metrics",
        purpose="added up per period",
        make=put_metric_data,
    ),
    MeasuredCall(
        source="lambda.amazonaws.com",
        name="GetFunction",
        caller="functions",
        purpose="is it unchanged? two per second",
        make=lambda on: on.lambda_.get_function(FunctionName=on.function),
    ),
    MeasuredCall(
        source="pipes.amazonaws.com",
        name="GET.pipes",
        caller="pipe",
        purpose="should it run? two per second",
        make=lambda on: on.pipes.describe_pipe(Name=on.pipe),
    ),
)


def main() -> int:
    """Count, measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calls", description=__doc__)
    parser.add_argument("--short", action="store_true", help="count few tasks; the figures are meaningless")
    tasks, repeats = (20, 5) if parser.parse_args().short else (300, 300)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "state") as laptop:
        counts = count(laptop, tasks)
        costs = measure(laptop, repeats)
    print("| call | caller | purpose | per task | emulator, ms per call | caller, ms per call |")
    print("| --- | --- | --- | --- | --- | --- |")
    for call in CALLS:
        emulator, client = costs[call.name]
        times = counts.get((call.source, call.name), 0.0)
        print(f"| {call.name} | {call.caller} | {call.purpose} | {times:.2f} | {emulator:.2f} | {client:.2f} |")
    known = {(call.source, call.name) for call in CALLS}
    others = {key: times for key, times in counts.items() if key not in known and times >= 0.01}
    print("\nothers: " + (", ".join(f"{name} {times:.2f}" for (_, name), times in others.items()) or "none"))
    return 0


def count(laptop: Laptop, tasks: int) -> dict[tuple[str, str], float]:
    """How often each call is made per task, while one client submits tasks."""
    client = TaskClient(laptop.api)
    for number in range(KEYS):
        client.post(f"key-{number}")
    wait_until_empty(laptop)
    record(laptop, on=True)
    started = time.time()
    for number in range(tasks):
        client.post(f"key-{number % KEYS}")
    seconds = time.time() - started
    record(laptop, on=False)
    wait_until_empty(laptop)
    names = {(call.source, call.name) for call in CALLS} | recorded_names(laptop, started)
    return {key: rate(laptop, key, started, seconds) * seconds / tasks for key in names}


def record(laptop: Laptop, *, on: bool) -> None:
    """Switch the emulator's recording of calls on or off."""
    body = json.dumps({"cloudtrail._recording_enabled": on}).encode()
    address = f"{laptop.clients.endpoint}/_ministack/config"
    headers = {"User-Agent": f"app/{laptop.clients.secret}"}
    with urllib.request.urlopen(urllib.request.Request(address, body, headers, method="POST")):
        return


def recorded_names(laptop: Laptop, started: float) -> set[tuple[str, str]]:
    """The kinds of the most recent calls."""
    events = lookup(laptop, started, [])
    return {(event["EventSource"], event["EventName"]) for event in events}


def rate(laptop: Laptop, key: tuple[str, str], started: float, seconds: float) -> float:
    """Calls of this kind per second; for a frequent kind, estimated from the latest that the emulator returns."""
    source, name = key
    found = lookup(laptop, started, [{"AttributeKey": "EventName", "AttributeValue": name}])
    moments = sorted(event["EventTime"].timestamp() for event in found if event["EventSource"] == source)
    if len(found) < PAGE:
        return len(moments) / seconds
    return (len(moments) - 1) / max(moments[-1] - moments[0], 0.001)


def lookup(laptop: Laptop, started: float, attributes: list[dict[str, str]]) -> list[dict[str, Any]]:
    """The latest recorded calls."""
    trail: Any = laptop.clients.get("cloudtrail")
    since = datetime.fromtimestamp(started, UTC)
    return trail.lookup_events(LookupAttributes=attributes, StartTime=since, MaxResults=PAGE)["Events"]


def measure(laptop: Laptop, repeats: int) -> Mapping[str, tuple[float, float]]:
    """Milliseconds of CPU per call: of the emulator, and of the caller, which is this process."""
    laptop.clients.pipes.stop_pipe(Name=str(laptop.outputs["pipe_name"]))
    processes = psutil.Process(laptop.pid).children()
    emulator = next(process for process in processes if emulator_process.__file__ in process.cmdline())
    scratch = ScratchResources(laptop)
    costs: dict[str, tuple[float, float]] = {}
    for call in CALLS:
        call.make(scratch) if call.make is not receive_and_delete else None
        before = _cpu(emulator), _cpu(psutil.Process())
        for _ in range(repeats):
            call.make(scratch)
        calls = repeats * (2 if call.make is receive_and_delete else 1)
        after = _cpu(emulator), _cpu(psutil.Process())
        costs[call.name] = ((after[0] - before[0]) * 1000 / calls, (after[1] - before[1]) * 1000 / calls)
        if call.name == "ReceiveMessage":  # messages for DeleteMessage, which is measured the same way
            for _ in range(repeats):
                send_message(scratch)
    return costs


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


if __name__ == "__main__":
    sys.exit(main())
