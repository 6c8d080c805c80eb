"""What watches the pipeline: metrics, alarms, the pipe, the breaker, and the definition as AWS validates it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from operations.smoke.run import Row, Run, at_least, same, unchecked
from taskline.lanes import Lane, lanes_of

ALARMS: Final = (
    *("api-errors", "processor-errors", "dead-letters", "dead-letters-age", "event-failures", "event-failures-age"),
    *(
        "events-behind",
        "counts-behind",
        "gates-behind",
        "keys-halted",
        "queue-age",
        "queue-stuck",
        "no-executions",
        "pipe-stopped",
        "breaker-open",
    ),
    "breaker-rate",
    *("breaker-volume", "breaker-trip", "pipe-failures", "failed-executions", "timed-out-executions"),
    *("failed-long-executions", "timed-out-long-executions"),
    *(f"slo-{name}-{burn}" for name in ("accepted", "started", "succeeded") for burn in ("fast", "slow")),
    *("account-concurrency", "api-throttles", "processor-throttles", "processor-long-throttles"),
    *("pipe-throttles", "table-throttles"),
)
"""Beside these, every function but the processor has `NAME-errors`."""

PER_LANE: Final = ("queue-age", "pipe-failures", "pipe-throttles")
"""Of these, each lane has its own."""

_EXPECTED: Final = {
    *("dead-letters", "no-executions", "breaker-rate", "breaker-volume"),
    *(f"slo-succeeded-{burn}" for burn in ("fast", "slow")),
}
"""Alarms that may be going off on a healthy stack: dead letters and the share of failed tasks after a run of these
checks, which make tasks fail, the others as parts.
"""


def metrics(run: Run) -> Iterator[Row]:
    """What this run has done is counted."""
    own, echoes = run.stack.prefix, run.submitted.count("demo.echo") - 1  # one of them was cancelled
    done = {"service": "events", "status": "succeeded", "type": "demo.echo"}
    failed = {"service": "events", "status": "failed", "type": "demo.flaky", "error_class": "VALIDATION"}
    processor = {"FunctionName": f"{own}-processor"}
    machine = {"StateMachineArn": run.stack.outputs["state_machine_arn"]}
    yield _counted(run, "tasks that succeeded are counted", own, "Tasks", done, echoes)
    yield _counted(run, "the task that failed is counted", own, "Tasks", failed, 1)
    yield _counted(run, "so are the processor's runs", "AWS/Lambda", "Invocations", processor, echoes + 1)
    if run.stack.on_aws:
        yield _counted(run, "and executions", "AWS/States", "ExecutionsSucceeded", machine, echoes + 1)
    else:
        yield unchecked("and executions", "the laptop edition has no metrics of Step Functions")


def _counted(run: Run, check: str, namespace: str, name: str, dimensions: Mapping[str, str], least: int) -> Row:
    return at_least(
        check, least, run.until(lambda: _sum(run, namespace, name, dimensions), lambda seen: seen >= least)
    )


def _sum(run: Run, namespace: str, name: str, dimensions: Mapping[str, str]) -> float:
    """The sum of a metric since the minute in which the run began."""
    response = run.stack.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=run.started.replace(second=0, microsecond=0),
        EndTime=datetime.now(UTC) + timedelta(minutes=1),
        Period=60,
        Statistics=["Sum"],
    )
    return sum(point["Sum"] for point in response["Datapoints"])


def alarms(run: Run) -> Iterator[Row]:
    """All alarms exist, and none goes off that should not."""
    prefix = f"{run.stack.prefix}-"
    states = _states(run, prefix)
    functions = [name.removeprefix(prefix) for name in run.stack.outputs["function_names"]]
    wanted = {*ALARMS, *(f"{name}-errors" for name in functions), *_of_more_lanes(lanes_of(run.stack.outputs))}
    yield same("every alarm exists", "none missing", ", ".join(sorted(wanted - states.keys())) or "none missing")
    ringing = sorted(name for name, state in states.items() if state == "ALARM" and name not in _EXPECTED)
    yield same("no alarm goes off", "none", ", ".join(ringing) or "none")
    counts = ", ".join(f"{count} {state}" for state, count in sorted(Counter(states.values()).items()))
    yield Row(check="states of all alarms", expected="", found=counts, agrees=None)


def _of_more_lanes(lanes: Sequence[Lane]) -> Iterator[str]:
    """The alarms of all lanes but the first, whose alarms have no number."""
    now = [lane for lane in lanes if not lane.drains]
    labels = [*(str(number) for number in range(2, len(now) + 1))]
    labels += [f"before-{number}" for number in range(1, len(lanes) - len(now) + 1)]
    for label in labels:
        yield from (f"{name}-{label}" for name in PER_LANE)


def _states(run: Run, prefix: str) -> dict[str, str]:
    pages = run.stack.client("cloudwatch").get_paginator("describe_alarms")
    pages = pages.paginate(AlarmNamePrefix=prefix, AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    found = [alarm for page in pages for kind in ("MetricAlarms", "CompositeAlarms") for alarm in page.get(kind, [])]
    return {alarm["AlarmName"].removeprefix(prefix): alarm["StateValue"] for alarm in found}


def pipe(run: Run) -> Iterator[Row]:
    """The pipe of each lane runs, unless it waits for those before, and starts the stack's own machine."""
    lanes = lanes_of(run.stack.outputs)
    answer = run.api.request("GET", "/breaker").document
    waiting = {one["name"] for one in answer.get("pipes", ()) if one["waits"]}
    for lane in lanes:
        found = run.stack.client("pipes").describe_pipe(Name=lane.pipe_name)
        state = f"{found['CurrentState']} {found.get('StateReason', '')}".strip()
        which = f" ({lane.name})" if len(lanes) > 1 else ""
        runs = "the pipe runs" + which
        if lane.pipe_name in waiting:
            yield unchecked(runs, f"{state}: it waits until the lanes before are empty")
        else:
            yield same(runs, "RUNNING", state)
        starts = "it starts the state machine" + which
        yield same(starts, run.stack.outputs["state_machine_arn"], found["Target"])


def breaker(run: Run) -> Iterator[Row]:
    """Nothing has opened the breaker."""
    answer = run.api.request("GET", "/breaker")
    yield same("the breaker is closed", "closed", answer.document.get("state", answer.status))


def events(run: Run) -> Iterator[Row]:
    """No event of a task was given up."""
    attributes: Any = run.stack.client("sqs").get_queue_attributes(
        QueueUrl=run.stack.outputs["event_failures_queue_url"], AttributeNames=["ApproximateNumberOfMessages"]
    )
    yield same("no event was given up", "0", attributes["Attributes"]["ApproximateNumberOfMessages"])


def definition(run: Run) -> Iterator[Row]:
    """The service itself finds nothing wrong with the deployed definition."""
    states = run.stack.client("stepfunctions")
    machine = states.describe_state_machine(stateMachineArn=run.stack.outputs["state_machine_arn"])
    answer = states.validate_state_machine_definition(definition=machine["definition"], type=machine["type"])
    problems = ", ".join(f"{one['code']} at {one.get('location')}" for one in answer["diagnostics"])
    yield same("the definition is valid", "EXPRESS OK", f"{machine['type']} {answer['result']} {problems}".strip())
