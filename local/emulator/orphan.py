"""Stops the emulator that a killed laptop edition left behind, before the next one starts its own."""

from __future__ import annotations

import time
from collections.abc import Callable

import psutil

from local.emulator.lock import POLL_SECONDS, EmulatorLock
from local.host.errors import LaptopError
from local.host.state_dir import StateDir

NAMED_SECONDS = 5.0
STOP_SECONDS = 15.0
KEPT = "The next start recovers what it had not saved."

Say = Callable[[str], None]


def stop_orphan(state: StateDir, say: Say = print) -> None:
    """Let the emulator on this state directory save its state and end; kill it if it does not.

    Whether there is one is known by its lock, not by a response: it may be frozen, or about to end. Raises
    `LaptopError` if the lock is held by a process that is not certainly this emulator, which is never signalled.
    """
    lock = EmulatorLock(state.emulator_lock)
    try:
        if not lock.take():
            say("Stopping the AWS emulator that an earlier run left behind ...")
            _end(lock, say)
    finally:
        lock.close()


def _end(lock: EmulatorLock, say: Say) -> None:
    orphan = _named(lock)
    if orphan is None:
        return  # it has ended meanwhile
    _signal(orphan, "terminate")
    if lock.wait(STOP_SECONDS):
        return
    say(f"Warning: the earlier AWS emulator (process {orphan.pid}) did not stop and was killed. {KEPT}")
    _signal(orphan, "kill")
    if not lock.wait(STOP_SECONDS):
        raise _held(lock, "does not end, not even when it is killed")


def _named(lock: EmulatorLock) -> psutil.Process | None:
    """The emulator that holds the lock, None if it ends before it has said who it is."""
    deadline = time.monotonic() + NAMED_SECONDS
    while (orphan := lock.holder()) is None:
        if lock.wait(0):
            return None
        if time.monotonic() > deadline:
            raise _held(lock, "may not be an emulator, and was left alone")
        time.sleep(POLL_SECONDS)
    return orphan


def _signal(orphan: psutil.Process, how: str) -> None:
    try:
        getattr(orphan, how)()
    except psutil.NoSuchProcess:
        return
    except psutil.AccessDenied as error:
        raise LaptopError(
            f"The AWS emulator of an earlier run (process {orphan.pid}) belongs to another user.",
            "Stop it as that user, or set TASKLINE_STATE_DIR to another folder.",
        ) from error


def _held(lock: EmulatorLock, why: str) -> LaptopError:
    owner = f"Process {lock.named()}" if lock.named() else "A process"
    return LaptopError(
        f"{owner} holds {lock.path}, the lock on the state of an emulator that an earlier run left behind. It {why}.",
        "End it, if it is one (`lsof` shows who holds the file), or set TASKLINE_STATE_DIR to another folder.",
    )
