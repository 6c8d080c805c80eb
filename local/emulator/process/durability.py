"""Acknowledges a write of a table or queue only when the journal has it.

A message that was added is on disk before its response is sent; what becomes of it is written, and reaches the disk
with the next message. While the journal cannot be written, no write is accepted, and no message is handed out.
"""

from __future__ import annotations

import asyncio
from typing import Any

from local.emulator.process.asgi import Application, Receive, Scope, Send, respond
from local.emulator.process.journal import Journal, JournalUnavailable
from local.emulator.process.recorder import Recorder

RECOVER_PATH = "/_taskline/recover"
ITEM_WRITES = frozenset(
    f"DynamoDB_20120810.{name}"
    for name in ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems", "DeleteTable")
)
QUEUES = "AmazonSQS."
UNAVAILABLE = "InternalServerError"


def durable(application: Application, journal: Journal, recorder: Recorder) -> Application:
    """The ASGI application behind the journal, which also serves `RECOVER_PATH`."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _is_elsewhere(scope):
            await application(scope, receive, send)
        elif scope["path"] == RECOVER_PATH:
            await respond(send, 200, recorder.recover())
        else:
            await _Call(application, journal, recorder, _target(scope)).serve(scope, receive, send)

    return serve


class _Call:
    """One call of the API, whose response waits for the journal."""

    def __init__(self, application: Application, journal: Journal, recorder: Recorder, target: str) -> None:
        self._application = application
        self._journal = journal
        self._recorder = recorder
        self._changes_items = target in ITEM_WRITES
        # SNS, which sends to queues, too, names no target.
        self._changes_queues = target.startswith(QUEUES) or not target
        self._refused = False

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._journal.is_written and (self._changes_items or self._changes_queues):
            try:
                self._journal.commit()
            except JournalUnavailable as error:
                await _refuse(send, error)
                return

        async def held(message: Any) -> None:
            if message["type"] == "http.response.start":
                try:
                    await self._record()
                except JournalUnavailable as error:
                    self._refused = True
                    await _refuse(send, error)
            if not self._refused:
                await send(message)

        await self._application(scope, receive, held)

    async def _record(self) -> None:
        if self._changes_queues:
            self._recorder.note_queues()
        if self._changes_items or self._changes_queues or not self._journal.is_written:
            self._journal.commit()
            if not self._journal.is_synced:
                await asyncio.to_thread(self._journal.sync)


async def _refuse(send: Send, error: JournalUnavailable) -> None:
    message = f"Taskline's journal cannot be written: {error}"
    await respond(send, 503, {"__type": UNAVAILABLE, "message": message})


def _target(scope: Scope) -> str:
    return next((value.decode() for name, value in scope["headers"] if name == b"x-amz-target"), "")


def _is_elsewhere(scope: Scope) -> bool:
    """Whether a call has to do with roles or functions, and so with no table or queue.

    A gateway that could not look these up would fail in its own way, instead of letting a function say what is wrong.
    """
    signed = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
    return b"/iam/aws4" in signed or b"/sts/aws4" in signed or (scope["method"] == "GET" and b"/lambda/aws4" in signed)
