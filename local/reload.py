"""A changed task type runs without a restart: its file is watched, and the functions get the new code.

What the infrastructure takes from the types (pools, retries, needs) comes with a start of the program; a change of it
is said, and takes effect then.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import pulumi

from local.emulator.remembered import GOOD_SECONDS, RENEW_SECONDS
from local.host.options import PROJECT_ROOT
from local.program.resources.functions.packages import package

SHIPPED = PROJECT_ROOT / "functions" / "task_types"
DESCRIBE = "infrastructure.task_types.describe"
LOOK_SECONDS = 0.5

Snapshot = Mapping[Path, tuple[int, int]]


class UpdatesCode(Protocol):
    """The part of Lambda's client that is used."""

    def update_function_code(self, *, FunctionName: str, ZipFile: bytes) -> object:  # noqa: N803 boto3's names
        """Replace the code of a function."""
        ...


class Reloader:
    """Watches the files of the task types. `packages` are the names of those that the stage has besides `SHIPPED`.

    `deployed` are the types as the program described them, `functions` those that have their code.
    """

    def __init__(
        self,
        client: UpdatesCode,
        *,
        packages: Sequence[str],
        deployed: Mapping[str, Any],
        functions: Sequence[str],
        say: Callable[[str], None],
        shipped: Path = SHIPPED,
    ) -> None:
        self._client = client
        self._packages = packages
        self._deployed = deployed
        self._functions = functions
        self._say = say
        self._folders = [shipped]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="reload", daemon=True)

    def __enter__(self) -> Reloader:
        """Watch, in a thread of its own."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop watching; an update in progress is completed."""
        self._stop.set()
        self._thread.join()

    def reload(self) -> None:
        """Give the functions the types as they are now, and say what does not take effect."""
        now = self._describe()
        if now is None:
            return
        for module, reason in now["broken"].items():
            self._say(f"{module} cannot be loaded, so its task types are unavailable: {reason}")
        later = sorted(name for name, one in now["task_types"].items() if not self._takes_effect(name, one))
        archive = pulumi.FileArchive(now["archive"])
        for function in self._functions:
            self._client.update_function_code(FunctionName=function, ZipFile=package(archive, function))
        self._stop.wait(GOOD_SECONDS + RENEW_SECONDS)  # until then, some calls still get the code before
        self._say("The task types have changed: the functions have the new code.")
        if later:
            self._say(
                f"What {', '.join(later)} needs (pool, retries, packages, environment, secrets, permissions) has "
                "changed, too, and takes effect when you stop and start again."
            )

    def _watch(self) -> None:
        """A change is taken up when nothing else has changed for a moment: editors write in steps."""
        if self._packages and (now := self._describe()):
            self._folders += map(Path, now["folders"])
        seen = taken = self._snapshot()
        while not self._stop.wait(LOOK_SECONDS):
            before, seen = seen, self._snapshot()
            if seen == before and seen != taken:
                taken = seen
                self.reload()

    def _snapshot(self) -> Snapshot:
        files = (path for folder in self._folders for path in folder.rglob("*.py"))
        found: dict[Path, tuple[int, int]] = {}
        for path in files:
            try:
                status = path.stat()
            except FileNotFoundError:  # an editor replaces the file just now
                continue
            found[path] = (status.st_mtime_ns, status.st_size)
        return found

    def _describe(self) -> dict[str, Any] | None:
        """In a process of its own, which loads the types anew."""
        command = [sys.executable, "-m", DESCRIBE, *self._packages]
        done = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            self._say(f"The changed task types cannot be used, and the earlier ones stay:\n{done.stderr.strip()}")
            return None
        return json.loads(done.stdout)

    def _takes_effect(self, name: str, now: Mapping[str, Any]) -> bool:
        """A new type that needs nothing of its own needs no start either."""
        return now == self._deployed.get(name, self._deployed["default"])
