"""Jobs in the background: one thread each, which can be stopped and looked at."""

from __future__ import annotations

import secrets
import threading
from abc import ABC, abstractmethod
from collections import OrderedDict
from datetime import UTC, datetime
from typing import Final

MOST_KEPT: Final = 50


class Job(ABC):
    """Work in steps. `problem` is why it ended early."""

    kind = "job"

    def __init__(self) -> None:
        self.id = secrets.token_hex(8)
        self.started = datetime.now(UTC)
        self.ended: datetime | None = None
        self.problem = ""
        self._stop = threading.Event()

    @property
    def running(self) -> bool:
        """Whether there is still something to do."""
        return self.ended is None

    @property
    def stopping(self) -> bool:
        """Whether it was asked to stop."""
        return self._stop.is_set()

    def stop(self) -> None:
        """End after the step that is under way."""
        self._stop.set()

    def run(self) -> None:
        """All steps, until there is none, one fails, or it is stopped."""
        try:
            while not self._stop.is_set() and self.step():
                pass
        except Exception as error:
            self.problem = str(error) or type(error).__name__
        finally:
            self.ended = datetime.now(UTC)

    @abstractmethod
    def step(self) -> bool:
        """Do one step; False when nothing is left."""

    def pause(self, seconds: float) -> None:
        """Wait, unless it is stopped."""
        self._stop.wait(seconds)


class Jobs:
    """The latest jobs of this process, by id."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._lock = threading.Lock()

    def start(self, job: Job) -> Job:
        """Start it in a thread of its own, which does not keep the process."""
        with self._lock:
            self._jobs[job.id] = job
            for old in [one.id for one in self._jobs.values() if not one.running][
                : max(0, len(self._jobs) - MOST_KEPT)
            ]:
                del self._jobs[old]
        threading.Thread(target=job.run, name=f"console-{job.kind}", daemon=True).start()
        return job

    def get(self, job_id: str) -> Job | None:
        """The job of that id."""
        return self._jobs.get(job_id)

    def of(self, kind: str) -> list[Job]:
        """The jobs of a kind, newest first."""
        return [job for job in reversed(self._jobs.values()) if job.kind == kind]
