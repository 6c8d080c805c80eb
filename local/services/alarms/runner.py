"""Evaluates the declared alarms and sets their states on the emulator, which runs their actions."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from local.emulator.clients import Clients
from local.program.declarations.metric_math import evaluate
from local.program.declarations.model import AlarmDeclaration
from local.services.alarms.states import ALARM, first_period, state_of

# As often as CloudWatch, every ten seconds; alarms with a period below a minute every second.
USUAL_SECONDS = 10.0
QUICK_SECONDS = 1.0
QUICK_PERIOD = 60
STOP_SECONDS = 5.0
VALUES_NAMED = 5


class AlarmEvaluator:
    """Evaluates in the background, from `start` to `stop`."""

    def __init__(
        self, clients: Clients, declared: list[AlarmDeclaration], clock: Callable[[], float] = time.time
    ) -> None:
        self._cloudwatch = clients.cloudwatch
        self._declared = declared
        self._clock = clock
        self._stopping = threading.Event()
        self._due = dict.fromkeys((alarm.name for alarm in declared), 0.0)
        self._complaint = ""
        self._thread = threading.Thread(target=self._work, name="alarms", daemon=True)

    def start(self) -> None:
        """Start evaluating."""
        if self._declared:
            self._thread.start()

    def stop(self) -> None:
        """Stop after the current evaluation."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(STOP_SECONDS)

    def evaluate(self) -> None:
        """Evaluate all alarms that are due, once."""
        now = self._clock()
        due = [alarm for alarm in self._declared if self._due[alarm.name] <= now]
        if not due:
            return
        for alarm in due:
            self._due[alarm.name] = now + (QUICK_SECONDS if alarm.period < QUICK_PERIOD else USUAL_SECONDS)
        states = self._states()
        values = self._values(due, now)
        found = [(alarm, state_of(alarm, values[alarm.name], now, states[alarm.name])) for alarm in due]
        # Recoveries first: between two changes of one evaluation, no composite alarm is to see both parts in ALARM.
        for alarm, state in sorted(found, key=lambda one: one[1] == ALARM):
            if state != states[alarm.name]:
                reason = _reason(alarm, values[alarm.name])
                self._cloudwatch.set_alarm_state(AlarmName=alarm.name, StateValue=state, StateReason=reason)

    def _states(self) -> Mapping[str, str]:
        pages = self._cloudwatch.get_paginator("describe_alarms").paginate(AlarmTypes=["MetricAlarm"])
        return {one["AlarmName"]: one["StateValue"] for page in pages for one in page["MetricAlarms"]}

    def _values(self, due: list[AlarmDeclaration], now: float) -> dict[str, dict[int, float]]:
        """The statistic of each alarm by the start of its period."""
        queries: list[dict[str, Any]] = [
            {"Id": f"m{number}_{of}", "MetricStat": stat}
            for number, alarm in enumerate(due)
            for of, stat in _stats(alarm).items()
        ]
        start = min(first_period(alarm, now) for alarm in due)
        response = self._cloudwatch.get_metric_data(MetricDataQueries=queries, StartTime=start, EndTime=now + 1)
        results = {result["Id"]: _by_moment(result) for result in response["MetricDataResults"]}
        return {
            alarm.name: _watched(alarm, {of: results[f"m{number}_{of}"] for of in _stats(alarm)})
            for number, alarm in enumerate(due)
        }

    def _work(self) -> None:
        while not self._stopping.wait(QUICK_SECONDS):
            try:
                self.evaluate()
                self._complaint = ""
            except Exception as error:  # whatever it is: the thread must survive to try again
                self._complain(str(error))

    def _complain(self, cause: str) -> None:
        if self._stopping.is_set() or cause == self._complaint:
            return
        self._complaint = cause
        stamp = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = {"timestamp": stamp, "level": "ERROR", "message": "alarms not evaluated", "cause": cause}
        print(json.dumps(line), file=sys.stderr, flush=True)


def _stats(alarm: AlarmDeclaration) -> Mapping[str, Any]:
    """What the alarm needs of each metric, by the metric's id."""
    return {query.id: query.stat for query in alarm.queries} if alarm.expression else {"": alarm.metric_stat()}


def _by_moment(result: Mapping[str, Any]) -> dict[int, float]:
    moments = (int(moment.timestamp()) for moment in result["Timestamps"])
    return dict(zip(moments, result["Values"], strict=True))


def _watched(alarm: AlarmDeclaration, values: Mapping[str, Mapping[int, float]]) -> dict[int, float]:
    """The values that the alarm compares, by period."""
    if not alarm.expression:
        return dict(values[""])
    moments = {moment for one in values.values() for moment in one}
    found = {
        moment: evaluate(alarm.expression, {of: one.get(moment) for of, one in values.items()}) for moment in moments
    }
    return {moment: value for moment, value in found.items() if value is not None}


def _reason(alarm: AlarmDeclaration, values: Mapping[int, float]) -> str:
    """What people read beside a state: the newest values of the metric, by the start of their periods."""
    newest = sorted(values.items(), reverse=True)[:VALUES_NAMED]
    said = ", ".join(f"{value:.6g} at {datetime.fromtimestamp(start, UTC):%H:%M:%S}" for start, value in newest)
    return f"{alarm.statistic} of {alarm.metric}: {said or 'no data'}"
