"""A copy of the project, in which files that a document asks for can be written, and a laptop edition that runs it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from local.host.options import PROJECT_ROOT
from tests.documents.running.markdown import Document
from tests.local.laptop import SHORT_TIMES, Laptop

FOLDERS = ("asl", "functions", "infrastructure", "local", "statemachine", "taskline", "testing", "tests")
FILES = ("__main__.py", "pyproject.toml", *(path.name for path in PROJECT_ROOT.glob("Pulumi*.yaml")))
NAMED = "# "  # a block of Python that is a file names it in its first line


def copy_project(to: Path) -> None:
    """What a laptop edition and a test need."""
    for folder in FOLDERS:
        shutil.copytree(PROJECT_ROOT / folder, to / folder, dirs_exist_ok=True)
    for file in FILES:
        shutil.copy2(PROJECT_ROOT / file, to / file)


def write_files(document: Document, root: Path) -> list[Path]:
    """Write the files that a document asks for, and return their paths within the project."""
    written: list[Path] = []
    for language, block in document.fences():
        first = block.text.partition("\n")[0]
        if language == "python" and first.startswith(NAMED):
            written.append(Path(first.removeprefix(NAMED)))
            (root / written[-1]).write_text(block.text, encoding="utf-8")
    return written


class CopiedLaptop(Laptop):
    """A laptop edition that runs from a copy of the project, with its state where the documents say."""

    def __init__(self, root: Path) -> None:
        super().__init__(root / ".taskline")
        self.root = root

    def launch(self, **variables: str) -> None:
        own = {
            "TASKLINE_PORT": str(self.port),
            "TASKLINE_STATE_DIR": str(self.state_dir),
            "TASKLINE_CONFIG": json.dumps(SHORT_TIMES),
        }
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "local"],
                cwd=self.root,
                env=os.environ | own | variables,
                stdout=log,
                stderr=log,
            )
