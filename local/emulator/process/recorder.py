"""Keeps MiniStack's tables, their streams and its queues in the journal, and restores what it had not saved.

MiniStack holds its state in memory, and saves it when it stops in order. What changes in between is in the journal;
after a death, the saved state and the journal together are what was acknowledged.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html for what a stream's records hold.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from local.emulator.process.journal import Journal

ITEMS_AND_MESSAGES = ("items", "messages")
DEDUPLICATION_SECONDS = 300.0


class Recorder:
    """Notes what changes; `dynamodb` and `sqs` are MiniStack's modules.

    Queues are followed from `recover` on. Before it, the tables and queues of the last run may not exist yet.
    """

    def __init__(self, journal: Journal, dynamodb: Any, sqs: Any) -> None:
        self._journal = journal
        self._dynamodb, self._sqs = dynamodb, sqs
        self._emit, self._delete_table = dynamodb._emit_stream_event, dynamodb._delete_table
        self._recovered = False
        self._known: dict[str, dict[str, tuple[Any, Any]]] = {}

    def emit(self, name: str, event: str, old: Any, new: Any, replicate: bool = True) -> None:
        """What MiniStack calls after each change of an item."""
        records = self._records(name)
        last = records[-1] if records else None
        self._emit(name, event, old, new, replicate)
        table = self._dynamodb._tables.get(name)
        if not table:
            return
        source, key_of = table["TableArn"], self._dynamodb._extract_key_val
        partition, sort = table["pk_name"], table["sk_name"]
        item = new or old
        self._journal.put_item(source, key_of(item[partition]), key_of(item[sort]) if sort else "__no_sort__", new)
        records = self._records(name)
        if records and records[-1] is not last:
            self._journal.add_change(source, records[-1]["dynamodb"]["SequenceNumber"], records[-1])

    def delete_table(self, request: dict[str, Any]) -> Any:
        """What MiniStack calls to delete a table: what the journal holds of it goes, too."""
        table = self._dynamodb._tables.get(self._dynamodb._normalize_table_name(request.get("TableName")))
        if table:
            self._journal.forget([table["TableArn"]])
        return self._delete_table(request)

    def read(self, name: str, records: list[dict[str, Any]]) -> None:
        """The reader of a table's stream has processed these records."""
        table = self._dynamodb._tables.get(name)
        if table and records:
            self._journal.acknowledge(table["TableArn"], records[-1]["dynamodb"]["SequenceNumber"])

    def note_queues(self) -> None:
        """Note which messages were added, received, delayed or deleted since the last call, whatever did it."""
        if not self._recovered:
            return
        for source, queue in self._queues():
            self._note(source, queue)
        for gone in self._known.keys() - {source for source, _ in self._queues()}:
            self._journal.forget([gone])
            del self._known[gone]

    def recover(self) -> dict[str, int]:
        """Restore what the last run had not saved. Returns how many records of tables and messages of queues."""
        records = sum(self._recover_table(scope, table) for scope, table in self._tables())
        messages = sum(self._recover_queue(source, queue) for source, queue in self._queues())
        self._known = {source: _states(queue["messages"]) for source, queue in self._queues()}
        self._recovered = True
        return {"records": records, "messages": messages}

    def saved(self) -> None:
        """MiniStack has saved its state. Of what it does not save, the streams, the journal holds on to the rest."""
        self.note_queues()
        if self._recovered:
            sources = [table["TableArn"] for _, table in self._tables()] + [source for source, _ in self._queues()]
            self._journal.forget(sources, ITEMS_AND_MESSAGES)
        self._journal.commit()

    def _note(self, source: str, queue: dict[str, Any]) -> None:
        known, messages = self._known.setdefault(source, {}), queue["messages"]
        for message in messages:
            number = message["id"]
            before, now = known.get(number), _state(message)
            if before == now:
                continue
            if before is None:
                self._journal.add_message(source, queue["fifo_seq"], message)
            else:
                changed = {name: message[name] for name in ("receive_count", "visible_at", "first_receive_at")}
                self._journal.change_message(source, number, changed)
            known[number] = now
        if len(known) > len(messages):
            for gone in known.keys() - {message["id"] for message in messages}:
                self._journal.delete_message(source, gone)
                del known[gone]

    def _recover_table(self, scope: tuple[str, str, str], table: dict[str, Any]) -> int:
        items = self._journal.items(table["TableArn"])
        for partition, sort, item in items:
            if item is None:
                self._dynamodb._remove_item(table, partition, sort)
            else:
                self._dynamodb._set_item(table, partition, sort, item)
        if changes := self._journal.changes(table["TableArn"]):
            self._dynamodb._stream_records.set_scoped(*scope, changes)
        return len(items)

    def _recover_queue(self, source: str, queue: dict[str, Any]) -> int:
        journaled = self._journal.messages(source)
        found = {message["id"]: message for message in queue["messages"]}
        for number, sequence, message in journaled:
            queue["fifo_seq"] = max(queue["fifo_seq"], sequence)
            if message is None:
                found.pop(number, None)
            elif merged := found.get(number, {}) | message:
                found[number] = merged
        queue["messages"] = [message for message in found.values() if "body" in message]
        for message in queue["messages"]:
            self._remember_id(queue, message)
        return sum(message is not None for _, _, message in journaled)

    def _remember_id(self, queue: dict[str, Any], message: dict[str, Any]) -> None:
        """A message that is sent again within five minutes is a duplicate, after a recovery as before."""
        if not (key := message.get("dedup_cache_key")):
            return
        known = {"id": message["id"], "md5": message["md5_body"], "md5a": message["md5_attrs"], "seq": message["seq"]}
        queue["dedup_cache"].setdefault(key, {"expire": message["sent_at"] + DEDUPLICATION_SECONDS, **known})

    def _records(self, name: str) -> list[dict[str, Any]]:
        return self._dynamodb._stream_records.get(name) or []

    def _tables(self) -> list[tuple[tuple[str, str, str], dict[str, Any]]]:
        return list(self._dynamodb._tables.all_items())

    def _queues(self) -> Generator[tuple[str, dict[str, Any]]]:
        for queue in self._sqs._queues.all_values():
            yield queue["attributes"]["QueueArn"], queue


def _state(message: dict[str, Any]) -> tuple[Any, Any]:
    return message.get("receive_count"), message.get("visible_at")


def _states(messages: list[dict[str, Any]]) -> dict[str, tuple[Any, Any]]:
    return {message["id"]: _state(message) for message in messages}
