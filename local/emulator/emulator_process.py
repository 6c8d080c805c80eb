"""Runs MiniStack: behind a guard and a journal, and with an exit status that reports whether it saved its state.

MiniStack saves its state when it is terminated, logs what it could not save, and exits with 0.
"""

from __future__ import annotations

import importlib
import os
import runpy
import sqlite3
import sys
from pathlib import Path
from typing import Any

from local.emulator.process.asgi import Application
from local.emulator.process.durability import durable
from local.emulator.process.express import with_express
from local.emulator.process.guard import guard_runtime_apis, guarded
from local.emulator.process.journal import Journal, JournalUnavailable
from local.emulator.process.queries import IndexQueries
from local.emulator.process.recorder import Recorder
from local.emulator.process.records import ReadRecords, prune_expired
from local.emulator.process.state_files import StateFiles, refuse

SECRET_VARIABLE = "TASKLINE_EMULATOR_SECRET"  # noqa: S105 its name, not the secret
JOURNAL_VARIABLE = "TASKLINE_EMULATOR_JOURNAL"
LOCK_VARIABLE = "TASKLINE_EMULATOR_LOCK"  # the number of the file, open and locked, that this process inherits

EXECUTIONS_VARIABLE = (
    "TASKLINE_EXECUTIONS"  # the socket of the laptop edition; absent if MiniStack runs machines itself
)

NOT_SAVED = 3  # the exit status


def main() -> None:
    """Serve until the process is terminated."""
    _hold(int(os.environ.pop(LOCK_VARIABLE)))
    os.environ.pop("PYTHONPATH", None)  # for this process, not for the functions that it starts
    files = _durable_files()
    dynamodb, sqs = (importlib.import_module(f"ministack.services.{name}") for name in ("dynamodb", "sqs"))
    application: Application = importlib.import_module("ministack.app").app
    journal, recorder, stream = None, None, ReadRecords(dynamodb)
    if path := os.environ[JOURNAL_VARIABLE]:
        journal = _open(Path(path))
        recorder = Recorder(journal, dynamodb, sqs)
        stream = ReadRecords(dynamodb, recorder.read)
        _replace(dynamodb, "_emit_stream_event", recorder.emit)
        _replace(dynamodb, "_delete_table", recorder.delete_table)
        application = durable(application, journal, recorder)
    if executions := os.environ.get(EXECUTIONS_VARIABLE):
        application = with_express(application, executions)
    _replace(sqs, "_prune_dedup", prune_expired)
    _replace(dynamodb, "stream_records_since", stream.since)
    _replace(dynamodb, "_trim_stream_records", stream.trim)
    queries = IndexQueries(dynamodb)
    _replace(dynamodb, "_query", queries.query)
    _replace(dynamodb, "_index_members", queries.index_members)
    _replace(dynamodb, "_index_item", queries.index_item)
    if secret := os.environ[SECRET_VARIABLE]:
        guard_runtime_apis(secret)
        application = guarded(application, secret, f"{os.environ['BIND_HOST']}:{os.environ['GATEWAY_PORT']}")
    _replace(importlib.import_module("ministack.app"), "app", application)
    importlib.import_module("ministack.app").logger.addHandler(files)
    runpy.run_module("ministack", run_name="__main__")
    saved = not files.not_saved
    if saved and recorder and journal:
        _empty(journal, recorder)
    raise SystemExit(0 if saved else NOT_SAVED)


def _hold(lock: int) -> None:
    """Keep the lock on the state until this process ends, and name the process, for the next start to end it."""
    os.set_inheritable(lock, False)
    del sys.argv[1:]  # the lock's path, for others to read; MiniStack has arguments of its own
    os.pwrite(lock, str(os.getpid()).encode(), 0)


def _durable_files() -> StateFiles:
    """Before MiniStack's other modules are loaded, which take these functions from it."""
    persistence: Any = importlib.import_module("ministack.core.persistence")
    files = StateFiles(persistence)
    persistence.logger.addHandler(files)
    _replace(persistence, "save_state", files.save)
    _replace(persistence, "load_state", files.load)
    return files


def _open(path: Path) -> Journal:
    try:
        return Journal(path)
    except sqlite3.DatabaseError as error:
        refuse(f"{path}, the journal, cannot be read: {error}")


def _empty(journal: Journal, recorder: Recorder) -> None:
    try:
        recorder.saved()
        journal.close()
    except JournalUnavailable as error:  # the next start recovers what it has already: nothing changes
        print(f"The state is saved, but the journal could not be emptied: {error}", file=sys.stderr)


def _replace(module: Any, name: str, replacement: object) -> None:
    if not hasattr(module, name):
        raise SystemExit(f"{__file__} does not match this version of MiniStack: {module.__name__} has no {name}")
    setattr(module, name, replacement)


if __name__ == "__main__":
    main()
