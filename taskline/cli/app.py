"""All commands in one app."""

from __future__ import annotations

import typer

from taskline.cli.basis.exits import MEANINGS
from taskline.cli.commands import (
    about,
    breaker,
    cost,
    dead_letters,
    doctor,
    follow,
    gates,
    keys,
    load,
    stats,
    submit,
    tasks,
    worker,
)
from taskline.cli.group import Root
from taskline.cli.running.command import flowing
from taskline.cli.serving import console, local

HELP = """See and steer Taskline, which keeps tasks in order and processes each of them at least once.

Which stage: --url or --stage, else TASKLINE_URL, else the default of ~/.config/taskline/stages.toml, else the laptop
edition that runs here. API keys stand in TASKLINE_API_KEY or in that file, never in a command."""


def build() -> typer.Typer:
    """The app."""
    codes = "\n".join(f"  {code:>3}  {meaning}" for code, meaning in MEANINGS.items())
    app = typer.Typer(
        name="taskline",
        cls=Root,
        help=flowing(HELP),
        epilog=f"Exit codes:\n{codes}",
        no_args_is_help=True,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    steering = (local, submit, tasks, follow, worker, dead_letters, keys, gates, breaker, stats)
    for module in (*steering, load, cost, console, doctor, about):
        module.register(app)
    return app


app = build()
