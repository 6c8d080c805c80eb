"""The boto3 clients of the handlers, on a table and queues in memory.

A client passes each call to its `perform`, which makes it: faults are added there.
"""

import json
from collections.abc import Callable
from typing import Any

from testing.services.count_table import TransactionCanceledError
from testing.services.fifo import InMemoryFifo
from testing.services.gate_table import InMemoryGates, InMemoryTables
from testing.services.table import ConditionalCheckFailedError, InMemoryTable

Call = Callable[[], dict[str, Any]]
Perform = Callable[[str, Call], dict[str, Any]]
"""Makes a call of the operation with this name."""


def faultless(_operation: str, call: Call) -> dict[str, Any]:
    """Make every call once."""
    return call()


def _as_text(request: dict[str, Any]) -> dict[str, Any]:
    return json.loads(json.dumps(request))  # a request is text: no enums get through


class InMemoryDynamoDB:
    """The handlers' DynamoDB client. `update` makes its updates of tasks, if that is not the table itself."""

    class exceptions:  # noqa: N801 boto3's name
        """boto3's modelled errors."""

        ConditionalCheckFailedException = ConditionalCheckFailedError
        TransactionCanceledException = TransactionCanceledError

    def __init__(
        self,
        table: InMemoryTable,
        perform: Perform = faultless,
        update: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
        gates: InMemoryGates | None = None,
    ) -> None:
        self._table = table
        self._perform = perform
        self._tables = InMemoryTables(table, gates or InMemoryGates(), update)

    def put_item(self, **request: Any) -> dict[str, Any]:
        """PutItem."""
        return self._perform("PutItem", lambda: self._table.put_item(_as_text(request)))

    def update_item(self, **request: Any) -> dict[str, Any]:
        """UpdateItem."""
        return self._perform("UpdateItem", lambda: self._tables.update_item(_as_text(request)))

    def get_item(self, **request: Any) -> dict[str, Any]:
        """GetItem."""
        return self._perform("GetItem", lambda: self._tables.get_item(request))

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        """BatchGetItem."""
        return self._perform("BatchGetItem", lambda: self._tables.batch_get_item(request))

    def query(self, **request: Any) -> dict[str, Any]:
        """Query of an index, or of the places behind a gate."""
        return self._perform("Query", lambda: self._tables.query(request))

    def delete_item(self, **request: Any) -> dict[str, Any]:
        """DeleteItem of a gate."""
        return self._perform("DeleteItem", lambda: self._tables.delete_item(_as_text(request)))

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        """TransactWriteItems."""
        return self._perform("TransactWriteItems", lambda: self._tables.transact_write_items(_as_text(request)))

    def scan(self, **request: Any) -> dict[str, Any]:
        """Scan of the index."""
        return self._perform("Scan", lambda: self._table.scan(request))


class InMemorySQS:
    """The handlers' SQS client: it sends to the task queue, and receives from the dead-letter queue."""

    def __init__(
        self, send: Callable[[str, str, str], str], dead_letters: InMemoryFifo, perform: Perform = faultless
    ) -> None:
        self._send = send
        self._dead_letters = dead_letters
        self._perform = perform

    def send_message(self, **request: Any) -> dict[str, Any]:
        """SendMessage: body, group and deduplication id."""
        names = ("MessageBody", "MessageGroupId", "MessageDeduplicationId")
        return self._perform("SendMessage", lambda: {"MessageId": self._send(*(request[name] for name in names))})

    def receive_message(self, **request: Any) -> dict[str, Any]:
        """ReceiveMessage."""
        return self._perform("ReceiveMessage", lambda: self._receive(request))

    def delete_message(self, **request: Any) -> dict[str, Any]:
        """DeleteMessage."""
        return self._change("DeleteMessage", self._dead_letters.delete, request)

    def change_message_visibility(self, **request: Any) -> dict[str, Any]:
        """ChangeMessageVisibility, always to zero."""
        return self._change("ChangeMessageVisibility", self._dead_letters.make_visible, request)

    def _receive(self, request: dict[str, Any]) -> dict[str, Any]:
        received: list[dict[str, Any]] = []
        while len(received) < request["MaxNumberOfMessages"]:
            stored = self._dead_letters.receive(request["VisibilityTimeout"])
            if stored is None:
                break
            attributes = {"MessageGroupId": stored.group, "SentTimestamp": str(int(stored.sent_at * 1000))}
            received.append(
                {
                    "MessageId": stored.message_id,
                    "ReceiptHandle": stored.receipt_handle,
                    "Body": stored.body,
                    "Attributes": attributes,
                }
            )
        return {"Messages": received}

    def _change(self, operation: str, change: Callable[[str], None], request: dict[str, Any]) -> dict[str, Any]:
        def call() -> dict[str, Any]:
            change(request["ReceiptHandle"])
            return {}

        return self._perform(operation, call)
