"""Putting one task back: mark its record, send its message, note that it was sent.

In this order nothing runs twice that has succeeded: the mark is conditional, and only what is marked is sent. Dying
in between loses nothing: a marked task stays in the index of failed tasks until its message was sent, and whoever
meets it there sends the message of that same redrive, which SQS drops if it was sent already. That holds for two
operators at once as well: the one who comes second to a task completes its redrive before going on to the next of the
key, so that the order stays.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from functions.tasks.intake.submission import TaskQueue
from functions.tasks.model import Status
from functions.tasks.redrive.state import FailedTasks, Mark, TaskState


@dataclass(frozen=True, kw_only=True)
class Redriver:
    """What it takes to redrive a task."""

    tasks: FailedTasks
    queue: TaskQueue
    now: Callable[[], datetime]

    def redrive(self, state: TaskState) -> Mark | None:
        """Send a failed task again, or finish its interrupted redrive; None when it has gone on since.

        `Unavailable` when table or queue do not answer: then nothing more of this key may be sent before this task.
        """
        mark = self.tasks.mark(state, self.now()) if state.status is Status.FAILED else None
        return self._send(mark or self.tasks.interrupted(state.task_id))

    def resend(self, state: TaskState) -> Mark | None:
        """Send a task again whose message SQS has given up; None when it has gone on, or an execution has it.

        Always as a redrive of its own: a message under an earlier number could be dropped as a duplicate of the very
        one that was given up.
        """
        return self._send(self.tasks.mark(state, self.now()))

    def _send(self, mark: Mark | None) -> Mark | None:
        if mark is not None:
            self.queue.send(body=mark.body, group=mark.ordering_key, deduplication_id=mark.deduplication_id)
            self.tasks.settle(mark)
        return mark
