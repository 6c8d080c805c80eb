"""Registers commands: each has the same options for stage and output, and its help ends with an example."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from taskline.cli.basis.exits import CommandFailed, ExitCode
from taskline.cli.render.output import Color, Form, Output
from taskline.cli.running.session import Session, World

PANEL = "Stage and output"
Run = Callable[..., int | None]

Url = Annotated[
    str | None, typer.Option("--url", metavar="URL", help="The API's address: https://…/v1.", rich_help_panel=PANEL)
]
StageName = Annotated[
    str | None,
    typer.Option(
        "--stage",
        metavar="NAME",
        help="A stage of your file of stages or a deployed stack; `laptop` for the laptop edition.",
        rich_help_panel=PANEL,
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="One JSON document on stdout, errors included.", rich_help_panel=PANEL)
]
AsLines = Annotated[bool, typer.Option("--jsonl", help="One JSON document per line.", rich_help_panel=PANEL)]
NoHeaders = Annotated[bool, typer.Option("--no-headers", help="Leave out the header line.", rich_help_panel=PANEL)]
UseColor = Annotated[
    Color, typer.Option("--color", help="NO_COLOR is respected, too.", rich_help_panel=PANEL, show_default=False)
]


def command(
    app: typer.Typer, name: str, *, example: str, lines: bool = False, table: bool = False
) -> Callable[[Run], Run]:
    """Register `function(session, **options)` as a command; what it returns is the exit code.

    `lines` gives it `--jsonl`, `table` gives it `--no-headers`.
    """

    def register(function: Run) -> Run:
        given = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
        own = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in given]

        def run(context: typer.Context, **options: Any) -> None:
            session = _session(context, options)
            try:
                code = function(session, **options)
                sys.stdout.flush()
            except BrokenPipeError:  # as in `taskline list | head`: nobody reads any more, and that is no failure
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                code = None
            except KeyboardInterrupt as error:  # of which Typer would make an exit without a word
                raise CommandFailed(code=ExitCode.INTERRUPTED, title="Interrupted") from error
            if code:
                raise typer.Exit(code)

        parameters = [_parameter("context", typer.Context), *own, *_shared(lines, table)]
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {one.name: one.annotation for one in parameters}
        shown = "\n".join(f"  $ {line}" for line in inspect.cleandoc(example).splitlines())
        app.command(name, help=flowing(inspect.getdoc(function) or ""), epilog=f"Examples:\n{shown}")(run)
        return function

    return register


def flowing(text: str) -> str:
    """Paragraphs without line breaks of their own: the help breaks them where the terminal ends."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


def _shared(lines: bool, table: bool) -> list[inspect.Parameter]:
    shared = [_parameter("url", Url, None), _parameter("stage", StageName, None), _parameter("as_json", AsJson, False)]
    shared += [_parameter("as_lines", AsLines, False)] if lines else []
    shared += [_parameter("no_headers", NoHeaders, False)] if table else []
    return [*shared, _parameter("color", UseColor, Color.AUTO)]


def _parameter(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def _session(context: typer.Context, options: dict[str, Any]) -> Session:
    """The session that the shared options describe; they are taken out of the options."""
    as_lines, as_json = options.pop("as_lines", False), options.pop("as_json")
    form = Form.LINES if as_lines else Form.JSON if as_json else Form.TEXT
    output = Output(form=form, color=options.pop("color"), headers=not options.pop("no_headers", False))
    world = context.obj if isinstance(context.obj, World) else World()
    return Session(output=output, url=options.pop("url"), stage_name=options.pop("stage"), world=world)
