"""MiniStack's saved state, such that a power cut leaves either the last one or this one, and nothing passes for none.

MiniStack renames a file that may not have reached the disk yet, and starts empty where it cannot read one.
"""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any, NoReturn

from local.host.files import replace_durably, sync

UNREADABLE = 4  # the exit status
CODE = "lambda-blobs"


class StateFiles(logging.Handler):
    """Takes the place of `save_state` and `load_state` of `persistence`, and listens to what is logged about both.

    `persistence` is MiniStack's module.
    """

    def __init__(self, persistence: Any) -> None:
        super().__init__(logging.ERROR)
        self._persistence = persistence
        self._folder = Path(persistence.STATE_DIR)
        self._load = persistence.load_state
        self.not_saved = False

    def emit(self, record: logging.LogRecord) -> None:
        """MiniStack goes on with a part that it could not save, and empty with one that it could not restore."""
        message = record.getMessage()
        self.not_saved = self.not_saved or "failed to save" in message or "error getting state" in message
        if "Failed to restore persisted state" in message:
            refuse(f"what is saved in {self._folder} is not what this version of the emulator saves ({message})")

    def save(self, service: str, state: Any) -> None:
        """Replace the file of a service. What fails is logged as MiniStack logs it."""
        version = self._persistence._state_format_version(service)
        document = {"__ministack_format__": version, "payload": state}
        try:
            text = json.dumps(document, default=self._persistence._json_default)
            if service == "lambda":
                self._sync_code()
            replace_durably(self._folder / f"{service}.json", text)
        except Exception as error:
            self._persistence.logger.error("Persistence: failed to save %s: %s", service, error)  # noqa: TRY400

    def load(self, service: str) -> Any:
        """The state of a service, None if it has none. Ends the process where MiniStack would begin anew."""
        state = self._load(service)
        file = self._folder / f"{service}.json"
        if state is None and file.exists():
            refuse(f"{file} cannot be read: it is damaged, or a later version wrote it")
        return state

    def _sync_code(self) -> None:
        """What the file of the functions refers to."""
        for path in (*(self._folder / CODE).glob("*"), self._folder / CODE):
            if path.exists():
                sync(path)


def refuse(why: str) -> NoReturn:
    """End the process at once, before anything is saved in place of what could not be read."""
    print(f"The saved state is damaged: {why}.", flush=True)
    os._exit(UNREADABLE)
