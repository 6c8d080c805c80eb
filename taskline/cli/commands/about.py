"""`version` and `completion`."""

from __future__ import annotations

import platform
from enum import StrEnum

import typer

from taskline.cli.basis.version import own_version
from taskline.cli.running.command import command
from taskline.cli.running.session import Session


class Shell(StrEnum):
    """Shells that completion knows."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(app, "version", example="taskline version --json")(show_version)
    command(
        app,
        "completion",
        example="taskline completion bash",
    )(completion)


def show_version(session: Session) -> None:
    """Show the version of this command, and of the Python that runs it."""
    found = {"taskline": own_version(), "python": platform.python_version()}
    if session.output.is_text:
        session.output.text(f"taskline {found['taskline']} (Python {found['python']})")
    else:
        session.output.document(found)


def completion(session: Session, shell: Shell) -> None:
    """Print what makes a shell complete commands, options, statuses and task types.

    Append it to ~/.bashrc, or write it to ~/.zfunc/_taskline or ~/.config/fish/completions/taskline.fish.
    """
    from typer._completion_shared import get_completion_script  # pyright: ignore[reportPrivateImportUsage]

    script = get_completion_script(prog_name="taskline", complete_var="_TASKLINE_COMPLETE", shell=str(shell))
    if session.output.is_text:
        typer.echo(script)
    else:
        session.output.document({"shell": shell, "script": script})
