"""What a million tasks are charged for, in the order of a task's way. All tasks succeed at the first attempt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from infrastructure.cost.declared import Declared
from infrastructure.cost.lines import access_line_bytes, platform_line_bytes
from infrastructure.cost.load import MILLION, STEP_MILLISECONDS, Load
from infrastructure.cost.measured import Followed, Measured
from infrastructure.cost.rows import Charge, chunks, express_gigabyte_seconds, gigabyte_seconds
from infrastructure.cost.traces import traced
from infrastructure.cost.writes import BilledTable, with_arns

FOLLOWERS = {"events": "events", "counter": "counts"}
"""The functions that follow the table's stream, and the group of their charges."""
CALL_MILLISECONDS, START_MILLISECONDS = 10, 10  # of a function that follows the stream: per call to AWS, and besides


def charges(declared: Declared, measured: Measured, load: Load) -> Iterator[Charge]:
    """All charges of a million tasks."""
    yield from _front(declared, load)
    yield from _queue(measured)
    yield from _execution(declared, measured, load)
    yield from _records(declared, measured)
    for service, group in FOLLOWERS.items():
        yield from _following(declared, measured.followers[service], service, group)
    yield from _lines(declared, measured)
    yield from _traces(declared, measured, load)


def _front(declared: Declared, load: Load) -> Iterator[Charge]:
    yield Charge(group="api", name="requests", quantity=MILLION, price="api_request")
    yield from _runs(declared, "validator", "api", MILLION, load.validator_milliseconds)


def _runs(declared: Declared, service: str, group: str, runs: float, milliseconds: float) -> Iterator[Charge]:
    function = declared.function(service)
    yield Charge(group=group, name=f"{service}: requests", quantity=runs, price="lambda_request")
    used = runs * gigabyte_seconds(function["memorySize"], milliseconds / 1000)
    price = f"lambda_{(function.get('architectures') or ['x86_64'])[0]}"
    yield Charge(group=group, name=f"{service}: {function['memorySize']} MB", quantity=used, price=price)


def _queue(measured: Measured) -> Iterator[Charge]:
    requests = MILLION * chunks(measured.message_bytes)
    of_queue = partial(Charge, group="queue", quantity=requests, price="sqs_fifo")
    yield from (of_queue(name=name) for name in ("send", "receive", "delete"))
    pipe = MILLION * chunks(measured.input_bytes)
    yield Charge(group="queue", name="pipe", quantity=pipe, price="pipe")


def _execution(declared: Declared, measured: Measured, load: Load) -> Iterator[Charge]:
    machine = declared.one("StateMachine", "workflow-machine")
    yield Charge(group="execution", name="starts", quantity=MILLION, price="express_request")
    seconds = (load.processor_milliseconds + measured.table_calls * STEP_MILLISECONDS) / 1000
    used = express_gigabyte_seconds(len(machine["definition"].encode()), measured.input_bytes, seconds)
    yield Charge(group="execution", name="memory", quantity=MILLION * used, price="express_memory")
    yield from _runs(declared, "processor", "execution", MILLION, load.processor_milliseconds)


def _records(declared: Declared, measured: Measured) -> Iterator[Charge]:
    # Strongly consistent, of an item that is not there or small.
    yield Charge(group="records", name="the gate", quantity=MILLION * measured.table_reads, price="dynamodb_read")
    table = BilledTable.from_inputs(declared.one("aws:dynamodb/table:Table", "tasks-table"))
    writes = [table.write(before and with_arns(before), with_arns(after)) for before, after in measured.changes]
    record = sum(write.record for write in writes)
    yield Charge(group="records", name="the record", quantity=MILLION * record, price="dynamodb_write")
    indexes = Counter[str]()
    for write in writes:
        indexes.update(write.indexes)
    for name, count in sorted(indexes.items()):
        yield Charge(group="records", name=f"index {name}", quantity=MILLION * count, price="dynamodb_write")


def _following(declared: Declared, followed: Followed, service: str, group: str) -> Iterator[Charge]:
    per_million = MILLION / followed.tasks
    milliseconds = START_MILLISECONDS + CALL_MILLISECONDS * followed.calls / followed.invocations
    yield from _runs(declared, service, group, followed.invocations * per_million, milliseconds)
    for name, count, price in (
        ("publications", followed.publications, "sns_publication"),
        ("writes", followed.write_units, "dynamodb_write"),
        ("reads", followed.read_units, "dynamodb_read"),
    ):
        if count:
            yield Charge(group=group, name=name, quantity=count * per_million, price=price)


def _lines(declared: Declared, measured: Measured) -> Iterator[Charge]:
    access = access_line_bytes(declared.one("aws:apigateway/stage:Stage")["accessLogSettings"]["format"])
    yield Charge(group="logs", name="api", quantity=MILLION * access, price="logs")
    for service, size in measured.line_bytes.items():
        written = size + platform_line_bytes(declared.function(service))
        yield Charge(group="logs", name=service, quantity=MILLION * written, price="logs")
    executions = MILLION * measured.execution_line_bytes
    yield Charge(group="logs", name="executions", quantity=executions, price="logs")
    for service in FOLLOWERS:
        followed = measured.followers[service]
        written = followed.line_bytes + followed.invocations * platform_line_bytes(declared.function(service))
        yield Charge(group="logs", name=service, quantity=MILLION / followed.tasks * written, price="logs")


def _traces(declared: Declared, measured: Measured, load: Load) -> Iterator[Charge]:
    """The pipe does not pass on the trace of a request: an execution has one of its own."""
    traces = {"requests": MILLION, "executions": MILLION} | {
        service: MILLION / measured.followers[service].tasks * measured.followers[service].invocations
        for service in FOLLOWERS
    }
    for name, runs in traces.items():
        if _is_traced(declared, name):
            share = traced(declared, load.tasks_per_second * runs / MILLION)
            yield Charge(group="traces", name=name, quantity=runs * share, price="trace")


def _is_traced(declared: Declared, name: str) -> bool:
    if name == "requests":
        return bool(declared.one("aws:apigateway/stage:Stage").get("xrayTracingEnabled"))
    resource, key, on = (
        (declared.one("StateMachine", "workflow-machine"), "tracingConfiguration", "enabled")
        if name == "executions"
        else (declared.function(name), "tracingConfig", "mode")
    )
    configured: Mapping[str, Any] = resource.get(key) or {}
    return configured.get(on) in (True, "Active")
