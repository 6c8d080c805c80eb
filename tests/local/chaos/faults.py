"""What happens to the edition: each fault ends by itself, and starts again what it stopped."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Callable
from random import Random

import psutil

from tests.local.laptop import READY, Laptop, eventually

Restart = Callable[[], None]
LONGEST_SECONDS = 240  # everything that waits for a frozen emulator gives up by and by


class Faults:
    """Faults on one laptop. `before_start` is called when it is down, before it is started again."""

    def __init__(self, laptop: Laptop, rng: Random, before_start: Callable[[], None] = lambda: None) -> None:
        self._laptop = laptop
        self._rng = rng
        self._before_start = before_start
        self.recovered: list[str] = []

    def kill_the_emulator(self) -> None:
        """The edition ends with it."""
        os.kill(self._laptop.runtime["emulator_pid"], signal.SIGKILL)
        self._start_again()

    def kill_the_laptop(self) -> None:
        """Its emulator lives on, and is stopped by the next start."""
        os.kill(self._laptop.pid, signal.SIGKILL)
        self._start_again()

    def kill_the_laptop_while_the_emulator_is_frozen(self) -> None:
        """The next start cannot ask the emulator who it is. It must not start a second one on its journal."""
        emulator = psutil.Process(self._laptop.runtime["emulator_pid"])
        emulator.suspend()
        os.kill(self._laptop.pid, signal.SIGKILL)
        self._start_again()
        assert not emulator.is_running(), "it has ended before the next one started"

    def kill_the_laptop_during_a_stop(self) -> None:
        """The emulator is told to stop, and saves its state while the next one starts."""
        emulator = psutil.Process(self._laptop.runtime["emulator_pid"])
        emulator.terminate()
        os.kill(self._laptop.pid, signal.SIGKILL)
        self._start_again()
        assert not emulator.is_running(), "it has ended before the next one started"

    def stop_with_a_frozen_emulator(self) -> None:
        """It does not respond, and is killed in the end."""
        os.kill(self._laptop.runtime["emulator_pid"], signal.SIGSTOP)
        assert self._laptop.stop(signal.SIGTERM, LONGEST_SECONDS) == 1
        assert "could not save its state" in self._laptop.output
        self._start_again()

    def kill_everything(self) -> None:
        """As a power cut does."""
        emulator = self._laptop.runtime["emulator_pid"]
        os.kill(self._laptop.pid, signal.SIGSTOP)
        os.kill(emulator, signal.SIGKILL)
        os.kill(self._laptop.pid, signal.SIGKILL)
        self._start_again()

    def kill_workers(self) -> None:
        """Three of the processes that run functions."""
        workers = [child for child in psutil.Process(self._laptop.pid).children() if _is_worker(child)]
        assert workers
        for worker in self._rng.sample(workers, min(3, len(workers))):
            with contextlib.suppress(psutil.NoSuchProcess):
                worker.kill()

    def freeze_the_emulator(self) -> None:
        """For two seconds."""
        _freeze(self._laptop.runtime["emulator_pid"], 2)

    def freeze_the_laptop(self) -> None:
        """For two seconds."""
        _freeze(self._laptop.pid, 2)

    def fill_the_disk(self) -> None:
        """No file of the emulator can grow for a while, in which no task is accepted."""
        emulator = psutil.Process(self._laptop.runtime["emulator_pid"])
        eventually(lambda: self._posted() == 202, LONGEST_SECONDS)
        _, hard = emulator.rlimit(psutil.RLIMIT_FSIZE)
        emulator.rlimit(psutil.RLIMIT_FSIZE, (0, hard))
        eventually(lambda: self._posted() == 503, LONGEST_SECONDS)
        assert [self._posted() for _ in range(3)] == [503, 503, 503]
        emulator.rlimit(psutil.RLIMIT_FSIZE, (hard, hard))
        eventually(lambda: self._posted() == 202, LONGEST_SECONDS)

    def stop_with_a_full_disk(self) -> None:
        """It cannot save its state, and says so."""
        emulator = psutil.Process(self._laptop.runtime["emulator_pid"])
        emulator.rlimit(psutil.RLIMIT_FSIZE, (0, 0))
        assert self._laptop.stop(signal.SIGTERM, LONGEST_SECONDS) == 1
        assert "could not save its state" in self._laptop.output
        self._start_again()

    def stop_in_order(self) -> None:
        """The one that is no fault."""
        assert self._laptop.stop(signal.SIGTERM, LONGEST_SECONDS) == 0
        self._start_again()

    def _posted(self) -> int:
        """The status of the response to one more task, which is none of the load's."""
        task = {"title": "A title", "description": "Is it accepted?", "priority": "low", "ordering_key": "probe"}
        body = json.dumps(task).encode()
        return self._laptop.request("POST", "/v1/tasks", body, Content_Type="application/json").status

    def _start_again(self) -> None:
        self._laptop.wait(LONGEST_SECONDS)
        self._before_start()
        self._laptop.launch()
        eventually(lambda: READY in self._laptop.output or self._laptop.ended, LONGEST_SECONDS)
        assert not self._laptop.ended, self._laptop.output
        self.recovered += [line for line in self._laptop.output.splitlines() if line.startswith("Recovered")]


def _freeze(pid: int, seconds: float) -> None:
    os.kill(pid, signal.SIGSTOP)
    time.sleep(seconds)
    os.kill(pid, signal.SIGCONT)


def _is_worker(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return process.cmdline()[-1].endswith("lambdas/runtime.py")
    return False
