"""The gatekeeper releases parked tasks one after another, and opens gates behind which there are none."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from functions import gatekeeper
from functions.adapters.gate_table.layout import GATE, HASH_KEY, RANGE_KEY
from functions.tasks.errors import Unavailable
from functions.tasks.runs.watching import ExecutionState
from tests.builders import a_message, an_item
from tests.functions.gates.conftest import TABLE, Keys
from tests.functions.support import CONTEXT, event

KEY = "customer-7"
HEAD: dict[str, Any] = {"head": "head"}
HOLD = {"held_at": {"S": "2026-01-31T12:00:00.000Z"}, "held_reason": {"S": "why"}}


@pytest.fixture
def keys(key_requests: Keys) -> Iterator[Keys]:
    gatekeeper.build.cache_clear()
    yield key_requests
    gatekeeper.build.cache_clear()


def park(keys: Keys, *task_ids: str, key: str = KEY) -> None:
    """Tasks as the state machine parks them, in this order."""
    for number, task_id in enumerate(task_ids):
        body = {"S": a_message(task_id=task_id)}
        parked = {"task_id": {"S": task_id}, "body": body, "ordering_key": {"S": key}, "parks": {"N": "1"}}
        keys.pipeline.put(an_item("queued", "parked", **parked))
        place = {HASH_KEY: {"S": key}, RANGE_KEY: {"S": f"parked#{number:020}"}, "task_id": {"S": task_id}}
        keys.dynamodb.put_item(TableName=TABLE, Item=place)


def close(keys: Keys, parked: int, *, key: str = KEY, **more: Any) -> None:
    keys.put_gate(key, parked={"N": str(parked)}, **more)


def change(*keys: str) -> None:
    """What the stream brings when these gates have changed."""
    records = [{"dynamodb": {"Keys": {HASH_KEY: {"S": key}, RANGE_KEY: {"S": GATE}}}} for key in keys]
    gatekeeper.handler({"Records": records}, CONTEXT)


def tick() -> None:
    gatekeeper.handler(event("tick.json"), CONTEXT)


def status(keys: Keys, task_id: str) -> str:
    record = keys.dynamodb.get_item(TableName=keys.pipeline.table, Key={"task_id": {"S": task_id}})["Item"]
    return record["status"]["S"]


def sent(keys: Keys) -> list[tuple[str, str, str]]:
    """Group, deduplication id and task of each message in the queue."""
    return [
        (
            one["Attributes"]["MessageGroupId"],
            one["Attributes"]["MessageDeduplicationId"],
            json.loads(one["Body"])["task_id"],
        )
        for one in keys.pipeline.messages()
    ]


def test_the_first_parked_task_is_released_and_no_other(keys: Keys) -> None:
    park(keys, "first", "second")
    close(keys, 2)
    change(KEY)
    assert sent(keys) == [(KEY, "first-release-1", "first")]
    assert [status(keys, task_id) for task_id in ("first", "second")] == ["queued", "parked"]
    gate = keys.gate(KEY)
    assert gate is not None
    assert (gate["head"], gate["parked"], "sending" in gate) == ({"S": "first"}, {"N": "1"}, False)


@pytest.mark.parametrize("closed_by", [HEAD, HOLD], ids=["a head", "an operator"])
def test_a_gate_that_is_kept_closed_releases_nothing(keys: Keys, closed_by: Any) -> None:
    park(keys, "first")
    close(keys, 1, **closed_by)
    change(KEY)
    assert (sent(keys), status(keys, "first")) == ([], "parked")


def test_a_gate_without_parked_tasks_is_removed(keys: Keys) -> None:
    close(keys, 0)
    change(KEY, KEY)
    assert keys.gate(KEY) is None
    change(KEY)
    assert keys.gate(KEY) is None, "what comes again finds nothing to do"


def test_the_place_of_a_task_that_was_cancelled_is_cleared(keys: Keys) -> None:
    park(keys, "first", "second")
    keys.pipeline.put(an_item("queued", "parked", "cancelled", task_id={"S": "first"}))
    close(keys, 2)
    change(KEY)
    assert [task for _, _, task in sent(keys)] == ["second"]
    gate = keys.gate(KEY)
    assert gate is not None
    assert gate["parked"] == {"N": "0"}


def test_a_message_that_could_not_be_sent_is_sent_again_under_the_same_id(
    keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    park(keys, "first")
    close(keys, 1)
    with monkeypatch.context() as without_queue:
        without_queue.setenv("QUEUE_URL", keys.pipeline.queue_url.replace("tasks.fifo", "none.fifo"))
        with pytest.raises(Unavailable, match="queue"):
            change(KEY)
    assert status(keys, "first") == "queued"
    gatekeeper.build.cache_clear()
    change(KEY)
    change(KEY)
    assert sent(keys) == [(KEY, "first-release-1", "first")]


def test_a_head_that_is_under_way_is_not_sent_again(keys: Keys) -> None:
    keys.pipeline.put(an_item("queued", "processing", task_id={"S": "head"}))
    close(keys, 1, **HEAD, sending={"S": "head-release-1"})
    change(KEY)
    gate = keys.gate(KEY)
    assert gate is not None
    assert (sent(keys), "sending" in gate) == ([], False)


def test_a_gate_that_cannot_be_moved_holds_up_no_other(keys: Keys) -> None:
    park(keys, "first", key="good")
    close(keys, 1, key="good")
    close(keys, 1, key="bad")  # and no task is parked behind it: somebody has changed the table
    with pytest.raises(Unavailable, match="'bad' keeps changing"):
        change("bad", "good")
    assert [task for _, _, task in sent(keys)] == ["first"]


def test_the_clock_measures_for_how_long_keys_have_been_halted(keys: Keys, capsys: pytest.CaptureFixture[str]) -> None:
    tick()
    assert '"HaltedKeySeconds":[0.0]' in capsys.readouterr().out
    close(keys, 0, **HEAD)
    now = datetime(2026, 1, 31, 12, 30, 2, tzinfo=UTC)
    keeper = gatekeeper.build()
    with gatekeeper.build.given(replace(keeper, now=lambda: now)):
        tick()
    assert '"HaltedKeySeconds":[1800.0]' in capsys.readouterr().out


def test_the_clock_moves_a_gate_whose_change_was_lost(keys: Keys) -> None:
    park(keys, "first")
    close(keys, 1)
    tick()
    assert [task for _, _, task in sent(keys)] == ["first"]


@dataclass
class Executions:
    """All of them are in this state."""

    found: ExecutionState
    stopped: list[str] = field(default_factory=list[str])

    def running(self) -> set[str]:
        return {"run"} if self.found is ExecutionState.RUNNING else set()

    def state(self, name: str) -> ExecutionState:
        return self.found

    def stop(self, name: str, cause: str) -> None:
        self.stopped.append(name)


def tick_with(executions: Executions) -> None:
    with gatekeeper.build.given(replace(gatekeeper.build(), executions=executions)):
        tick()


def hand_over(keys: Keys, *statuses: str, **attributes: Any) -> None:
    """A task that takes long, as the state machines leave it."""
    owner = {"lease_owner": {"S": "run"}, "lease_until": {"N": "99"}} if statuses[-1] == "processing" else {}
    body = {"S": a_message(task_id="long")}
    keys.pipeline.put(
        an_item(*statuses, task_id={"S": "long"}, body=body, ordering_key={"S": KEY}, **owner, **attributes)
    )
    keys.put_gate(
        KEY,
        head="long",
        parked={"N": "0"},
        execution={"S": "run"},
        handed_at={"S": "2026-01-31T12:00:00.000Z"},
    )


def test_the_task_of_an_execution_that_has_ended_is_sent_again_and_its_lease_taken_back(keys: Keys) -> None:
    hand_over(keys, "queued", "processing")
    tick_with(Executions(ExecutionState.ENDED))
    change(KEY)
    (message,) = sent(keys)
    record = keys.dynamodb.get_item(TableName=keys.pipeline.table, Key={"task_id": {"S": "long"}})["Item"]
    assert message == (KEY, record["redrive_id"]["S"], "long")
    assert record["status"] == {"S": "queued"}
    assert record.keys().isdisjoint({"lease_owner", "lease_until"})
    gate = keys.gate(KEY)
    assert gate is not None
    assert gate["head"] == {"S": "long"}
    assert gate.keys().isdisjoint({"execution", "handed_at", "sending"})
    tick_with(Executions(ExecutionState.ENDED))
    change(KEY)
    assert sent(keys) == [], "not again"


def test_a_task_that_failed_in_an_execution_that_ended_gets_a_message_that_brings_its_dead_letter(keys: Keys) -> None:
    hand_over(keys, "queued", "processing", "failed")
    tick_with(Executions(ExecutionState.ENDED))
    change(KEY)
    (message,) = sent(keys)
    assert message[1].startswith("long-again-")
    assert status(keys, "long") == "failed"


def test_a_head_that_succeeded_in_an_execution_that_ended_lets_the_key_go_on(keys: Keys) -> None:
    hand_over(keys, "queued", "processing", "succeeded")
    tick_with(Executions(ExecutionState.ENDED))
    change(KEY)
    change(KEY)  # its head is gone, which is a change, too
    assert (sent(keys), keys.gate(KEY)) == ([], None)


def test_an_execution_that_has_succeeded_is_forgotten_and_its_halted_key_has_an_age(
    keys: Keys, capsys: pytest.CaptureFixture[str]
) -> None:
    hand_over(keys, "queued", "processing", "failed")
    tick_with(Executions(ExecutionState.RUNNING))
    assert '"HaltedKeySeconds":[0.0]' in capsys.readouterr().out.replace(" ", ""), "what runs is not halted"
    tick_with(Executions(ExecutionState.SUCCEEDED))
    gate = keys.gate(KEY)
    assert gate is not None
    assert (gate["head"], "execution" in gate) == ({"S": "long"}, False)
    capsys.readouterr()
    tick_with(Executions(ExecutionState.SUCCEEDED))
    assert '"HaltedKeySeconds":[0.0]' not in capsys.readouterr().out.replace(" ", "")


def test_a_task_that_was_cancelled_while_it_runs_is_stopped_settled_and_the_key_goes_on(keys: Keys) -> None:
    hand_over(keys, "queued", "processing", cancel_requested_at={"S": "2026-01-31T12:00:05.000Z"})
    executions = Executions(ExecutionState.RUNNING)
    tick_with(executions)
    change(KEY)
    assert executions.stopped == ["run"]
    record = keys.dynamodb.get_item(TableName=keys.pipeline.table, Key={"task_id": {"S": "long"}})["Item"]
    assert (record["status"], "expires_at" in record, keys.gate(KEY)) == ({"S": "cancelled"}, True, None)
