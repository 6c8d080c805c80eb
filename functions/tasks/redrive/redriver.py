"""Redriving one task: mark its record, send its message, note that it was sent.

In this order, no task runs again that has succeeded: the mark is conditional, and only marked tasks are sent. A crash
in between loses nothing: a marked task stays in the index of failed tasks until its message is sent, and the next
redrive that finds it there sends the message of that same redrive, which SQS drops if it was already sent. The same
holds for two operators at a time: the second one completes the redrive of a task before it continues with the next
task of the key, so that the order is kept.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from functions.tasks.intake.submission import TaskQueue
from functions.tasks.model import Status
from functions.tasks.redrive.state import FailedTasks, Mark, TaskState


@dataclass(frozen=True, kw_only=True)
class Redriver:
    """Redrives tasks one at a time."""

    tasks: FailedTasks
    queue: TaskQueue
    now: Callable[[], datetime]

    def redrive(self, state: TaskState) -> Mark | None:
        """Send a failed task again, or finish its interrupted redrive; None when it has moved on since.

        `Unavailable` when table or queue do not respond: then no other task of this key may be sent before this one.
        """
        mark = self.tasks.mark(state, self.now()) if state.status is Status.FAILED else None
        return self._send(mark or self.tasks.interrupted(state.task_id))

    def resend(self, state: TaskState) -> Mark | None:
        """Resend a task whose message SQS gave up on; None when it has moved on, or an execution is processing it.

        Always as a new redrive: a message with an earlier number could be dropped as a duplicate of the one that SQS
        gave up on.
        """
        return self._send(self.tasks.mark(state, self.now()))

    def _send(self, mark: Mark | None) -> Mark | None:
        if mark is not None:
            self.queue.send(body=mark.body, group=mark.group, deduplication_id=mark.deduplication_id)
            self.tasks.settle(mark)
        return mark
