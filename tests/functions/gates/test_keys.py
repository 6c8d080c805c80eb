"""Operators see which keys are closed, close them and open them."""

import time
from collections.abc import Collection, Mapping
from itertools import count
from typing import Any

import pytest

from functions import keys as function
from functions.adapters.gate_table.steering import DynamoDBGates
from functions.tasks.gates.model import Gate
from functions.tasks.gates.steering import Head
from functions.tasks.model import Status
from tests.builders import A_FAILURE, TASK_ID, an_item
from tests.functions.gates.conftest import ANNA, TABLE, Keys

FAILED = ("queued", "processing", "failed")
TENANT = "key:aaaaaaaaaa"
ODD_KEYS = ["a/b", "100%", "%2F", "a%2Fb/../c?d#e", "~!@$&'()*+,;=:[]{}|\\^`\"<>", "."]


@pytest.fixture
def keys(key_requests: Keys) -> Keys:
    return key_requests


def put_head(keys: Keys, *statuses: str, **changes: Any) -> None:
    """The record of the head, which the state machine left without an end when it failed and closed the gate."""
    failure = A_FAILURE if statuses[-1] == "failed" else {}
    item = an_item(*statuses, **failure, **changes)
    item.pop("expires_at", None)
    keys.pipeline.put(item)


def head_record(keys: Keys) -> dict[str, Any]:
    (record,) = keys.pipeline.records()
    return record


def test_a_key_without_a_gate_is_open(keys: Keys) -> None:
    assert keys.read("k").document == {"key": "k", "state": "open"}
    assert keys.open("k") == {"key": "k", "state": "open"}
    assert keys.list().document == {"keys": []}
    assert keys.gate("k") is None, "opening an open key leaves nothing"


@pytest.mark.parametrize("key", ODD_KEYS)
def test_keys_of_any_printable_characters_are_closed_and_opened(keys: Keys, key: str) -> None:
    assert keys.close(key)["key"] == key
    assert keys.gate(key) is not None
    assert keys.read(key).document["state"] == "closed"
    assert [one["key"] for one in keys.list().document["keys"]] == [key]


@pytest.mark.parametrize("key", ["", "a b", "a\n", "x" * 129, "\u00e4"])
def test_a_key_that_no_task_can_have_is_refused(keys: Keys, key: str) -> None:
    for response in (keys.read(key), keys.put(key, {"state": "closed", "reason": "x"})):
        assert (response.status, response.fields) == (400, {"key"})
    assert keys.list().document["keys"] == []


def test_an_operator_closes_an_open_key(keys: Keys) -> None:
    closed = keys.close("k", " the customer moves ")
    assert closed == keys.read("k").document
    since = closed.pop("since")
    assert closed == {"key": "k", "state": "closed", "cause": "held", "parked": 0, "reason": "the customer moves"}
    assert since.endswith("Z")


def test_closing_a_closed_key_again_changes_only_the_reason(keys: Keys) -> None:
    first = keys.close("k", "one")
    before = keys.gate("k")
    time.sleep(0.005)
    assert keys.close("k", "two") == {**first, "reason": "two"}
    assert keys.gate("k") == {**(before or {}), "held_reason": {"S": "two"}}


def test_closing_a_key_that_a_failure_has_closed_keeps_head_and_parked_tasks(keys: Keys) -> None:
    put_head(keys, *FAILED)
    keys.put_gate("k", head=TASK_ID)
    assert keys.close("k", "no more").items() >= {"cause": "failed", "head": TASK_ID, "parked": 2}.items()
    assert keys.read("k").document["reason"] == "no more"
    assert keys.read("k").document["since"] == "2026-01-31T12:00:02.000Z"


@pytest.mark.parametrize(
    ("statuses", "cause"),
    [(FAILED, "failed"), (("queued",), "draining"), (("queued", "processing"), "draining"), ((), "draining")],
)
def test_the_cause_says_what_the_head_needs(keys: Keys, statuses: tuple[str, ...], cause: str) -> None:
    if statuses:
        put_head(keys, *statuses)
    keys.put_gate("k", head=TASK_ID)
    assert keys.read("k").document["cause"] == keys.list().document["keys"][0]["cause"] == cause


def test_opening_a_held_key_leaves_the_gate_to_the_gatekeeper(keys: Keys) -> None:
    """Parked tasks come first: only the gatekeeper knows when there are none."""
    keys.close("k")
    assert keys.open("k").items() >= {"state": "closed", "cause": "draining", "parked": 0}.items()
    gate = keys.gate("k") or {}
    assert not {"held_at", "held_reason", "head"} & gate.keys()
    assert keys.open("k")["cause"] == "draining", "once more changes nothing"
    assert keys.gate("k") == gate


def test_opening_skips_a_failed_head_and_settles_it(keys: Keys) -> None:
    put_head(keys, *FAILED)
    keys.put_gate("k", head=TASK_ID, sending={"S": "release"}, held_at={"S": "t"}, held_reason={"S": "r"})
    before = head_record(keys)
    opened = keys.open("k")
    assert opened.items() >= {"cause": "draining", "parked": 2}.items()
    assert not {"head", "reason"} & opened.keys()
    assert not {"head", "sending", "held_at", "held_reason"} & (keys.gate("k") or {}).keys()
    after = head_record(keys)
    assert after["status"] == {"S": "failed"}, "it stays in the list of failed tasks, and can be redriven"
    assert int(after.pop("expires_at")["N"]) > time.time()
    (*steps, skipped) = after["history"]["L"]
    assert steps == before["history"]["L"]
    assert skipped["M"].keys() == {"status", "at", "skipped_by", "reason"}
    assert {name: after[name] for name in after if name != "history"} == {
        name: before[name] for name in before if name != "history"
    }


def test_the_history_of_a_skipped_task_says_who_skipped_it_and_why(keys: Keys) -> None:
    put_head(keys, *FAILED)
    keys.put_gate("k", head=TASK_ID)
    keys.open("k")
    last = keys.pipeline.read(TASK_ID).document["history"][-1]
    assert last.pop("at")
    assert last == {"status": "failed", "skipped_by": ANNA, "reason": "mended"}


@pytest.mark.parametrize("statuses", [("queued",), ("queued", "processing")])
def test_opening_does_not_skip_a_head_that_is_under_way(keys: Keys, statuses: tuple[str, ...]) -> None:
    put_head(keys, *statuses)
    keys.put_gate("k", head=TASK_ID, held_at={"S": "t"}, held_reason={"S": "r"})
    before = head_record(keys)
    assert keys.open("k").items() >= {"cause": "draining", "head": TASK_ID}.items()
    assert head_record(keys) == before
    assert "held_at" not in (keys.gate("k") or {})


@pytest.mark.parametrize("statuses", [("queued", "cancelled"), ("queued", "processing", "succeeded"), ()])
def test_opening_removes_a_head_that_is_settled_or_gone(keys: Keys, statuses: tuple[str, ...]) -> None:
    """The state machine removes it, too, but nobody has to wait for that."""
    if statuses:
        put_head(keys, *statuses)
    keys.put_gate("k", head=TASK_ID)
    assert "head" not in keys.open("k")
    assert [len(record["history"]["L"]) for record in keys.pipeline.records()] == [len(statuses)] * bool(statuses)


def test_an_opening_that_is_repeated_skips_no_second_task(keys: Keys) -> None:
    put_head(keys, *FAILED)
    keys.put_gate("k", head=TASK_ID)
    keys.open("k", head=TASK_ID)
    other = "the-next"
    put_head(keys, *FAILED, task_id={"S": other})
    keys.put_gate("k", head=other)
    assert keys.open("k", head=TASK_ID).items() >= {"cause": "failed", "head": other}.items()
    histories = {record["task_id"]["S"]: len(record["history"]["L"]) for record in keys.pipeline.records()}
    assert histories == {TASK_ID: 4, other: 3}


def test_a_head_that_changes_between_look_and_skip_is_not_skipped(keys: Keys) -> None:
    """A redrive took it meanwhile, or another operator has skipped it."""
    put_head(keys, "queued", "processing")
    keys.put_gate("k", head=TASK_ID)
    gates = DynamoDBGates(TABLE, keys.pipeline.table)
    gate = gates.find("k", None)
    assert gate is not None
    opening = function.Opening(by="a", reason="r", now=function.build().now(), keep_for=function.build().keep_for)
    assert not gates.skip(gate, opening.skip()), "the record has not failed"
    put_head(keys, *FAILED)
    before = head_record(keys)
    keys.put_gate("k", head="another")
    assert not gates.skip(gate, opening.skip()), "the gate has another head"
    assert not gates.let_go(gate)
    assert not gates.behead(gate)
    assert head_record(keys) == before, "both or nothing"
    gone = Gate(group="gone", ordering_key="gone", tenant=None, closed_at="t")
    assert not gates.let_go(gone), "an update must not make a gate of nothing"
    assert keys.gate("gone") is None


def test_a_head_that_was_parked_after_its_gate_was_read_is_not_dropped_when_it_is_the_head_again(
    keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was settled, redriven, parked and released, all while the request to open the key was under way."""
    put_head(keys, "queued", redrive_id={"S": "a-release-1"})
    keys.put_gate("k", head=TASK_ID, sending={"S": "a-release-1"})
    heads, looks = DynamoDBGates.heads, count()

    def late(self: DynamoDBGates, task_ids: Collection[str]) -> Mapping[str, Head]:
        if next(looks) == 0:
            return {TASK_ID: Head(status=Status.PARKED, tenant=None)}
        return heads(self, task_ids)

    monkeypatch.setattr(DynamoDBGates, "heads", late)
    assert keys.open("k")["state"] == "closed"
    gate = keys.gate("k")
    assert gate is not None
    assert (gate["head"]["S"], gate["sending"]["S"]) == (TASK_ID, "a-release-1"), "its message is still to be sent"


def test_a_key_of_a_client_is_named_with_the_client(keys: Keys) -> None:
    closed = keys.close("k", tenant=TENANT)
    assert (closed["key"], closed["tenant"]) == ("k", TENANT)
    assert keys.read("k").document["state"] == "open", "the same key of tasks without a client is another one"
    assert keys.read("k", tenant="none").document == {"key": "k", "state": "open"}
    assert keys.read("k", tenant="key:bbbbbbbbbb").document["state"] == "open"
    (listed,) = keys.list().document["keys"]
    assert (listed["key"], listed["tenant"]) == ("k", TENANT)


def test_a_client_s_key_that_a_failure_has_closed_is_listed_and_opened_as_its_own(keys: Keys) -> None:
    """The state machine does not write the client into the gate: the head's record has it."""
    put_head(keys, *FAILED, tenant={"S": TENANT})
    keys.put_gate("k", head=TASK_ID, tenant=TENANT)
    (listed,) = keys.list().document["keys"]
    assert listed == keys.read("k", tenant=TENANT).document
    assert keys.open("k", tenant=TENANT)["cause"] == "draining"
    assert "head" not in (keys.gate("k", TENANT) or {})


def test_closed_keys_are_listed_page_by_page_the_longest_closed_first(keys: Keys) -> None:
    names = [f"key-{number:02}" for number in range(25)]
    for number, name in enumerate(reversed(names)):
        keys.put_gate(name, closed_at={"S": f"2026-01-31T12:00:{60 - 25 + 24 - number:02}.000Z"})
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = keys.list(limit="10", **cursor).document
        assert len(page["keys"]) <= 10
        found += [one["key"] for one in page["keys"]]
        if "cursor" not in page:
            break
        cursor = {"cursor": page["cursor"]}
    assert found == names


def test_parked_tasks_are_no_keys(keys: Keys) -> None:
    keys.close("k")
    keys.dynamodb.put_item(
        TableName=TABLE, Item={"key": {"S": "k"}, "place": {"S": "parked#1"}, "task_id": {"S": TASK_ID}}
    )
    assert [one["key"] for one in keys.list().document["keys"]] == ["k"]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ("{", {"body"}),
        ([], {"body"}),
        ({}, {"state", "reason"}),
        ({"state": "held", "reason": "x"}, {"state"}),
        ({"state": "closed", "reason": " "}, {"reason"}),
        ({"state": "closed", "reason": "x" * 501}, {"reason"}),
        ({"state": "open", "reason": "x", "head": ""}, {"head"}),
        ({"state": "open", "reason": "x", "by": "me"}, {"by"}),
    ],
)
def test_an_invalid_change_is_refused_by_field_and_changes_nothing(keys: Keys, body: Any, fields: set[str]) -> None:
    response = keys.put("k", body)
    assert (response.status, response.fields) == (400, fields)
    assert keys.gate("k") is None


@pytest.mark.parametrize(
    "query",
    [{"limit": "0"}, {"limit": "101"}, {"limit": "1.0"}, {"tenant": "x"}]
    + [{"cursor": text} for text in ("x", "!", "WzEsMl0", "WyJhIl0", "\u00e4", "WyJhIiwiYiJd=")],
)
def test_an_invalid_list_query_is_refused_by_field(keys: Keys, query: dict[str, str]) -> None:
    response = keys.list(**query)
    assert (response.status, response.fields) == (400, query.keys())


def test_unknown_parameters_of_a_key_are_refused(keys: Keys) -> None:
    assert keys.read("k", limit="1").fields == {"limit"}
    assert keys.put("k", {"state": "closed", "reason": "x"}, tenant="").fields == {"tenant"}


def test_without_its_tables_a_request_can_be_tried_again(keys: Keys) -> None:
    put_head(keys, *FAILED)
    keys.put_gate("k", head=TASK_ID)
    keys.dynamodb.delete_table(TableName=keys.pipeline.table)
    assert keys.read("k").status == keys.put("k", {"state": "open", "reason": "x"}).status == 503
    keys.dynamodb.delete_table(TableName=TABLE)
    assert keys.list().status == keys.put("k", {"state": "closed", "reason": "x"}).status == 503
