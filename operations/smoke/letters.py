"""Finds the dead letters of a run among those of others, which stay where they are."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Generator, Mapping
from typing import Any, cast

from botocore.exceptions import ClientError

from operations.smoke.stack import Stack

ROUNDS = 20
HIDDEN_SECONDS = 30  # longer than all rounds take


class DeadLetters:
    """The stack's dead-letter queue."""

    def __init__(self, stack: Stack) -> None:
        self._sqs = stack.client("sqs")
        self._url = stack.outputs["dead_letter_queue_url"]

    def peek(self, task_id: str) -> Mapping[str, Any] | None:
        """The task's dead letter, which stays. None if it is not found among some two hundred."""
        with self._held() as messages:
            letters = (_letter(message["Body"]) for message in messages)
            return next((letter for letter in letters if letter.get("task_id") == task_id), None)

    def remove(self, task_id: str) -> None:
        """Delete the task's dead letter, if there is one."""
        with self._held() as messages:
            for message in messages:
                if _letter(message["Body"]).get("task_id") == task_id:
                    self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])

    @contextlib.contextmanager
    def _held(self) -> Generator[list[Mapping[str, Any]]]:
        """All messages, each of them once; whatever was not deleted is visible again afterwards."""
        held: list[Mapping[str, Any]] = []
        try:
            for _ in range(ROUNDS):
                received = self._receive()
                held += received
                if not received:
                    break
            yield held
        finally:
            for message in held:
                with contextlib.suppress(ClientError):  # it was deleted
                    self._release(message)

    def _receive(self) -> list[Mapping[str, Any]]:
        # A second of waiting asks all of SQS's servers, so that "none" means none.
        received = self._sqs.receive_message(
            QueueUrl=self._url, MaxNumberOfMessages=10, VisibilityTimeout=HIDDEN_SECONDS, WaitTimeSeconds=1
        )
        return received.get("Messages", [])

    def _release(self, message: Mapping[str, Any]) -> None:
        self._sqs.change_message_visibility(
            QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
        )


def _letter(body: str) -> dict[str, Any]:
    try:
        letter: Any = json.loads(body)
    except ValueError:
        return {}
    return cast("dict[str, Any]", letter) if isinstance(letter, dict) else {}
