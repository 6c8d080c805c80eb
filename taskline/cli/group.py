"""The root of all commands: turns whatever ends a command into a message, or with `--json` a document, and a code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from taskline.cli.exits import CommandFailed, ExitCode
from taskline.cli.render.output import Output

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
        as_json = any(argument in JSON_FLAGS for argument in arguments)
        try:
            code = self._run(arguments, prog_name, complete_var, as_json, extra)
        except BrokenPipeError:  # `taskline list | head`: nobody reads any more
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = ExitCode.DONE
        if standalone_mode:
            sys.exit(int(code))
        return int(code)

    def _run(
        self, arguments: list[str], name: str | None, variable: str | None, as_json: bool, extra: dict[str, Any]
    ) -> int:
        try:
            code: Any = super().main(arguments, name, variable, standalone_mode=False, **extra)
            sys.stdout.flush()
        except BrokenPipeError:
            raise
        except (KeyboardInterrupt, typer.Abort):
            return _report(CommandFailed(code=ExitCode.INTERRUPTED, title="Interrupted"), as_json)
        except Exception as error:
            from taskline.cli.problems import explained

            return _report(explained(error), as_json)
        return code if isinstance(code, int) else ExitCode.DONE


def _report(failure: CommandFailed, as_json: bool) -> int:
    """Say what happened: JSON alone on stdout, or text on stderr."""
    output = Output.plain(as_json=as_json)
    if not failure.title:  # the help was shown instead
        return failure.code
    if as_json:
        output.document(failure.document())
    else:
        output.failure(failure)
    return failure.code
