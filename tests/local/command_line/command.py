"""The real command `taskline`, in a process of its own, against a running laptop edition."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.local.laptop import PROJECT_ROOT, Laptop


class Command:
    """Runs `python -m taskline` as somebody would from a folder of theirs."""

    def __init__(self, laptop: Laptop, folder: Path, **variables: str) -> None:
        self.folder = folder
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TASKLINE_"))},
            "PYTHONPATH": str(PROJECT_ROOT),
            "TASKLINE_STATE_DIR": str(laptop.state_dir),
            "XDG_CONFIG_HOME": str(folder / "config"),
            **variables,
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        pipes: Any = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(self._command(arguments), cwd=self.folder, env=self.environment, text=True, **pipes)

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments)
        output, errors = process.communicate(timeout=300)
        return subprocess.CompletedProcess(process.args, process.returncode, output, errors)

    def json(self, *arguments: str, code: int = 0) -> Any:
        done = self(*arguments, "--json")
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout)

    def on_terminal(self, *arguments: str, answer: str = "") -> tuple[int, str]:
        """The exit code, and what a person sees who gives this answer."""
        ours, its = pty.openpty()
        environment = {**self.environment, "TERM": "xterm", "COLUMNS": "100"}
        process = subprocess.Popen(
            self._command(arguments), cwd=self.folder, env=environment, stdin=its, stdout=its, stderr=its
        )
        os.close(its)
        os.write(ours, answer.encode())
        shown = b""
        try:
            while chunk := os.read(ours, 65536):
                shown += chunk
        except OSError:  # the end of a terminal
            pass
        os.close(ours)
        return process.wait(60), shown.decode()

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "taskline", *arguments]
