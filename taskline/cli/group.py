"""The root of all commands: turns whatever ends a command into a message, or with `--json` a document, and a code."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from taskline.cli.basis.exits import CommandFailed, ExitCode
from taskline.cli.render.output import Color, Output

JSON_FLAGS = frozenset({"--json", "--jsonl"})


class Root(TyperGroup):
    """Runs a command and exits with one of `ExitCode`, whatever happens."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command that the arguments name. Raises `SystemExit`, unless `standalone_mode` is off."""
        del windows_expand_args  # wildcards are the shell's
        arguments = list(sys.argv[1:] if args is None else args)
        output = Output.plain(as_json=any(argument in JSON_FLAGS for argument in arguments), color=_color(arguments))
        code = self._run(arguments, prog_name, complete_var, output, extra)
        if standalone_mode:
            sys.exit(int(code))
        return int(code)

    def _run(
        self, arguments: list[str], name: str | None, variable: str | None, output: Output, extra: dict[str, Any]
    ) -> int:
        try:
            code: Any = super().main(arguments, name, variable, standalone_mode=False, **extra)
        except (KeyboardInterrupt, typer.Abort):
            return _report(CommandFailed(code=ExitCode.INTERRUPTED, title="Interrupted"), output)
        except Exception as error:
            from taskline.cli.basis.problems import explained

            return _report(explained(error), output)
        return code if isinstance(code, int) else ExitCode.DONE


def _color(arguments: Sequence[str]) -> Color:
    """What `--color` says, also where the command line cannot be understood."""
    joined = " ".join(arguments).replace("--color=", "--color ")
    return next((color for color in Color if f"--color {color}" in joined), Color.AUTO)


def _report(failure: CommandFailed, output: Output) -> int:
    """Say what happened: JSON alone on stdout, or text on stderr."""
    if not failure.title:  # the help was shown instead
        return failure.code
    if output.is_text:
        output.failure(failure)
    else:
        output.document(failure.document())
    return failure.code
