"""`local`: the laptop edition, from wherever the command is started."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from taskline.cli.basis.exits import CommandFailed, ExitCode
from taskline.cli.running.command import command
from taskline.cli.running.session import Session


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(
        app,
        "local",
        example="""
            taskline local
            taskline local --fresh --port 4010 --state-dir /tmp/second
        """,
    )(local)


def local(
    session: Session,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start empty: delete all tasks and queues.")] = False,
    port: Annotated[int | None, typer.Option("--port", min=1, max=65535, help="4000, unless given.")] = None,
    state_dir: Annotated[
        Path | None, typer.Option("--state-dir", metavar="FOLDER", help="Where its state is kept: .taskline.")
    ] = None,
) -> None:
    """Run Taskline on this machine until Ctrl-C: the same program as on AWS, without an account and without Docker.

    It needs a checkout of the project, in this folder, above it, or where this command comes from.
    """
    root = checkout(Path.cwd(), "the laptop edition runs from one")
    given = {"TASKLINE_PORT": port, "TASKLINE_STATE_DIR": state_dir.absolute() if state_dir else None}
    as_json = {} if session.output.is_text else {"LOG": "json"}
    variables = {name: str(value) for name, value in given.items() if value is not None} | as_json
    os.chdir(root)
    arguments = [python_of(root), "-m", "local", *(["--fresh"] if fresh else [])]
    sys.stdout.flush()
    os.execve(arguments[0], arguments, {**os.environ, **variables})  # noqa: S606 no shell is wanted


def checkout(folder: Path, reason: str) -> Path:
    """The checkout of the project, which is needed for this reason. `CommandFailed` if there is none."""
    for root in (folder, *folder.parents, Path(__file__).resolve().parents[3]):
        if (root / "local" / "__main__.py").is_file() and (root / "statemachine").is_dir():
            return root
    raise CommandFailed(
        code=ExitCode.NOT_FOUND,
        title=f"There is no checkout of Taskline here, and {reason}.",
        remedy="Clone the project, and run this in its folder.",
    )


def python_of(root: Path) -> str:
    """The environment that `make run` installs, if it is there; otherwise this one has to do."""
    own = root / ".venv" / "bin" / "python"
    return str(own) if own.exists() else sys.executable
