"""The reference of the command line, from the help that the commands themselves have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from taskline.cli.app import app
from taskline.cli.basis.exits import MEANINGS

SHARED = {"url", "stage", "as_json", "color"}  # every command has them; they are described once


def exit_codes_table() -> str:
    """A row for each exit code."""
    rows = "\n".join(f"| {int(code)} | {meaning} |" for code, meaning in MEANINGS.items())
    return f"| code | meaning |\n| --- | --- |\n{rows}"


def commands_reference() -> str:
    """A section for each command: what it does, its arguments and options, and examples."""
    sections = [_section(name, command) for name, command in all_commands()]
    return "\n\n".join([_shared(), *sections])


def all_commands() -> Iterator[tuple[str, Any]]:
    """All commands by the words that name them, `dead-letters list`, as Click's objects."""
    root: Any = get_command(app)
    for name, command in root.commands.items():
        inner: dict[str, Any] = getattr(command, "commands", {})
        if not inner:
            yield name, command
        for below, one in inner.items():
            yield f"{name} {below}", one


def _shared() -> str:
    name, command = next(all_commands())
    shared = [one for one in command.params if one.name in SHARED]
    return f"Options of every command, such as `{name}`:\n\n{_table(shared)}"


def _section(name: str, command: Any) -> str:
    own = [one for one in command.params if one.name not in SHARED]
    arguments = " ".join(_argument(one) for one in own if one.param_type_name == "argument")
    usage = " ".join(filter(None, ("taskline", name, arguments, "[OPTIONS]")))
    examples = command.epilog.partition("\n")[2].replace("  $ ", "")
    parts = [f"## {name}", command.help, f"```text\nUsage: {usage}\n```", _table(own), f"```sh\n{examples}\n```"]
    return "\n\n".join(filter(None, parts))


def _argument(parameter: Any) -> str:
    return parameter.metavar or parameter.name.upper()


def _table(parameters: list[Any]) -> str:
    if not parameters:
        return ""
    rows = "\n".join(f"| {_names(one)} | {_help(one)} |" for one in parameters)
    return f"| option | |\n| --- | --- |\n{rows}"


def _names(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{_argument(parameter)}`"
    names = ", ".join(f"`{name}`" for name in parameter.opts)
    return f"{names} {parameter.metavar}" if parameter.metavar else names


def _help(parameter: Any) -> str:
    text = (parameter.help or "").replace("|", "\\|")
    default = parameter.default
    shown = default not in (None, False, "") and parameter.name != "color"
    return f"{text} Default: `{default}`." if shown else text
