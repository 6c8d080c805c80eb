"""The gatekeeper releases parked tasks one after another, and opens gates behind which there are none."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from functions import gatekeeper
from functions.adapters.gate_table.layout import GATE, HASH_KEY, RANGE_KEY
from functions.tasks.errors import Unavailable
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
