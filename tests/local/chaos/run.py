"""A load of tasks under faults: `python -m tests.local.chaos.run --tasks 400 --seed 1`.

Clients post the tasks of their keys one after the other, and repeat each request until it is accepted. Meanwhile
faults happen at random moments. Then everything must have ended, in order, once.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

from tests.local.chaos.faults import LONGEST_SECONDS, Faults
from tests.local.chaos.witness import TYPE, Run, project_with_witness, read_traces
from tests.local.laptop import FINAL, Laptop, eventually

CONFIG = {
    "taskline:handlerTimeoutSeconds": 1,
    "taskline:maxReceiveCount": 50,
    "taskline:breakerMinimumAttempts": 1_000_000,
}
FAULTS = (
    "kill_the_emulator",
    "kill_the_laptop",
    "kill_the_laptop_while_the_emulator_is_frozen",
    "kill_the_laptop_during_a_stop",
    "kill_everything",
    "kill_workers",
    "freeze_the_emulator",
    "freeze_the_laptop",
    "fill_the_disk",
    "stop_with_a_full_disk",
    "stop_with_a_frozen_emulator",
    "stop_in_order",
)
END_SECONDS = 300  # a message whose execution died is hidden, and its lease held, for a minute and a half
FORGET_A_SUCCESS = "forget_a_success"
ACCEPTED_BETWEEN = 12  # tasks between two faults, at least
FAILING_SHARE = 0.05
Name = tuple[str, int]


@dataclass
class Outcome:
    """What a run of the chaos found."""

    accepted: dict[Name, str] = field(default_factory=dict[Name, str])
    tasks: dict[Name, dict[str, Any]] = field(default_factory=dict[Name, dict[str, Any]])
    succeeded: dict[Name, float] = field(default_factory=dict[Name, float])
    """When a task ended that was seen to have succeeded, in epoch seconds."""
    runs: list[Run] = field(default_factory=list[Run])
    dead_letters: set[str] = field(default_factory=set[str])
    turned_away: set[int] = field(default_factory=set[int])
    recovered: list[str] = field(default_factory=list[str])

    def broken_promises(self) -> list[str]:
        """A line for each."""
        failed = {self.accepted[name] for name, task in self.tasks.items() if task.get("status") == "failed"}
        return [
            *(f"never looked at: {name}" for name in self.accepted.keys() - self.tasks.keys()),
            *(f"lost: {name}, {task}" for name, task in self.tasks.items() if task.get("status") not in FINAL),
            *(f"run after it had succeeded: {run}" for run in self.runs if self._had_succeeded(run)),
            *(f"out of order: {run} after {before}" for before, run in self._overtaken()),
            *(f"failed without a dead letter: {task_id}" for task_id in failed - self.dead_letters),
            *(f"a dead letter of a task that did not fail: {task_id}" for task_id in self.dead_letters - failed),
        ]

    def _had_succeeded(self, run: Run) -> bool:
        return run.at > self.succeeded.get((run.key, run.number), float("inf"))

    def _overtaken(self) -> Iterable[tuple[Run, Run]]:
        latest: dict[str, Run] = {}
        for run in self.runs:
            before = latest.setdefault(run.key, run)
            if run.number < before.number:
                yield before, run
            else:
                latest[run.key] = run


class Chaos:
    """One run, on a separate laptop in `folder`."""

    def __init__(self, folder: Path, *, tasks: int, keys: int, seed: int, journaled: bool = True) -> None:
        self._traces = folder / "traces"
        root = project_with_witness(folder / "code", self._traces)
        self._laptop = Laptop(folder / "state", config=CONFIG, root=root)
        self._rng = Random(seed)
        self._faults = Faults(self._laptop, self._rng, before_start=lambda: None if journaled else self._no_journal())
        self._keys = {f"key-{key}": [*range(tasks // keys)] for key in range(keys)}
        self._posted = threading.Event()
        self._over = threading.Event()
        self.outcome = Outcome()

    def run(self, faults: Iterable[str]) -> Outcome:
        """Post, cause the faults one after the other, wait for the end of all tasks."""
        self._laptop.start()
        try:
            with ThreadPoolExecutor(len(self._keys) + 1) as pool:
                watching = pool.submit(self._watch)
                posting = [pool.submit(self._post, key, Random(f"{key}")) for key in self._keys]
                try:
                    for fault in faults:
                        self._let_some_be_accepted(posting)
                        (getattr(self._faults, fault) if fault in FAULTS else self._forget_a_success)()
                    for one in posting:
                        one.result()
                finally:
                    self._posted.set()
                    if sys.exc_info()[0]:
                        self._over.set()
                watching.result()
            self._collect()
        finally:
            self._over.set()
            self._laptop.ensure_stopped(LONGEST_SECONDS)
        return self.outcome

    def _let_some_be_accepted(self, posting: list[Future[None]]) -> None:
        """A fault in a system that does nothing shows nothing."""
        wanted = len(self.outcome.accepted) + self._rng.randrange(ACCEPTED_BETWEEN, 2 * ACCEPTED_BETWEEN)
        while len(self.outcome.accepted) < wanted and not all(one.done() for one in posting):
            time.sleep(0.01)

    def _post(self, key: str, rng: Random) -> None:
        for number in self._keys[key]:
            time.sleep(rng.uniform(0, 1.5))
            body = _task(key, number, fails=rng.random() < FAILING_SHARE)
            self.outcome.accepted[key, number] = self._until_accepted(json.dumps(body).encode(), f"{key}-{number}")

    def _until_accepted(self, body: bytes, idempotency_key: str) -> str:
        headers = {"Content_Type": "application/json", "Idempotency_Key": idempotency_key}
        while not self._over.is_set():
            try:
                response = self._laptop.request("POST", "/v1/tasks", body, **headers)
            except OSError:
                response = None
            if response and response.status == 202:
                return response.json["task_id"]
            if response:
                self.outcome.turned_away.add(response.status)
            time.sleep(0.2)
        raise AssertionError(f"{idempotency_key} was never accepted")

    def _watch(self) -> None:
        """Note what has become of each task until all have ended, or nothing more can be expected."""
        deadline = time.monotonic() + END_SECONDS
        while not self._over.is_set() and time.monotonic() < deadline:
            open_ = [name for name in self.outcome.accepted if not self._has_ended(name)]
            for name in open_:
                self._look_at(name)
            if self._posted.is_set() and not open_ and len(self.outcome.accepted) == self._count():
                return
            if not self._posted.is_set():
                deadline = time.monotonic() + END_SECONDS
            time.sleep(0.3)

    def _look_at(self, name: Name) -> None:
        try:
            response = self._laptop.request("GET", f"/v1/tasks/{self.outcome.accepted[name]}")
        except OSError:
            return
        if response.status not in (200, 404):
            return
        self.outcome.tasks[name] = response.json
        if response.json.get("status") == "succeeded":
            ended = datetime.fromisoformat(response.json["finished_at"]).timestamp()
            self.outcome.succeeded.setdefault(name, ended)  # a second run would write another time

    def _has_ended(self, name: Name) -> bool:
        """A task that is not there any more does not come back."""
        return self.outcome.tasks.get(name, {}).get("status") in (*FINAL, 404)

    def _count(self) -> int:
        return sum(map(len, self._keys.values()))

    def _collect(self) -> None:
        """What can be said only at the end, some time after which nothing may run again."""
        time.sleep(2)
        for name in self.outcome.accepted:
            self._look_at(name)
        self.outcome.runs = read_traces(self._traces)
        self.outcome.dead_letters = {letter["task_id"] for letter in self._laptop.dead_letters()}
        self.outcome.recovered = self._faults.recovered

    def _no_journal(self) -> None:
        """The deliberate mistake: the journal does not survive."""
        for file in self._laptop.state_dir.glob("journal*"):
            file.unlink()

    def _forget_a_success(self) -> None:
        """A deliberate mistake: the record of a task that has succeeded is lost, and its message comes again."""
        eventually(lambda: self.outcome.succeeded)
        name = next(iter(self.outcome.succeeded))
        task_id, runs = self.outcome.accepted[name], len(_runs_of(name, self._traces))
        key: Any = {"task_id": {"S": task_id}}
        self._laptop.clients.dynamodb.delete_item(TableName=self._laptop.outputs["table_name"], Key=key)
        self._laptop.send(json.dumps({"task_id": task_id, **_task(*name)}), group="again")
        eventually(lambda: len(_runs_of(name, self._traces)) > runs, LONGEST_SECONDS)


def _task(key: str, number: int, *, fails: bool = False) -> dict[str, Any]:
    """What is submitted for one number of a key."""
    task = {"title": "A title", "description": "Chaos", "priority": "low", "ordering_key": key, "type": TYPE}
    return {**task, "data": {"key": key, "number": number, "fails": fails}}


def _runs_of(name: Name, traces: Path) -> list[Run]:
    return [run for run in read_traces(traces) if (run.key, run.number) == name]


def main() -> int:
    """Run and print. Returns 1 if a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.local.chaos.run", description=__doc__)
    parser.add_argument("--tasks", type=int, default=400)
    parser.add_argument("--keys", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--faults", type=int, default=len(FAULTS), help="how many; their kinds and moments are random")
    options = parser.parse_args()
    rng = Random(options.seed)
    faults = [rng.choice(FAULTS) for _ in range(options.faults)]
    print(*faults, sep=", ")
    with tempfile.TemporaryDirectory() as folder:
        chaos = Chaos(Path(folder), tasks=options.tasks, keys=options.keys, seed=options.seed)
        outcome = chaos.run(faults)
    broken = outcome.broken_promises()
    print(*outcome.recovered, *broken, sep="\n")
    statuses = [task["status"] for task in outcome.tasks.values()]
    print({status: statuses.count(status) for status in {*statuses}}, f"{len(outcome.runs)} runs; turned away with")
    print(sorted(outcome.turned_away), f"{len(broken)} broken promises")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
