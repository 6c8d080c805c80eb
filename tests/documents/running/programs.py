"""The programs that the documents name, each checked without being run."""

from __future__ import annotations

import importlib.util
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from typer.exceptions import TyperException

from docs.site.commands import all_commands
from local.host.options import PROJECT_ROOT
from local.program.config import read_project
from tests.documents.running import curl
from tests.documents.running.aws_cli import Aws
from tests.documents.running.shell import Program, Wrong
from tests.infrastructure.recording import Stack

PULUMI = frozenset({"preview", "up", "refresh", "destroy", "stack init", "stack select", "stack output", "config set"})
PYTHONS = ("python3", "python", ".venv/bin/python")
# What stands for something else, and a value for it. `live.py` has more, for requests that are sent.
VARIABLES = {
    "API": "http://127.0.0.1:4000/v1",
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_SESSION_TOKEN": "token",
}
PLACEHOLDER = re.compile(r"[A-Z]+(?:_[A-Z]+)*")


def checked(stack: Stack) -> dict[str, Program]:
    """All programs for the stage dev, as the Pulumi program declares it."""
    return {
        "aws": Aws(_names(stack)),
        "curl": lambda arguments, _: curl.read(arguments).url,
        "make": make,
        "pulumi": Pulumi(stack.exports),
        **dict.fromkeys(("taskline", ".venv/bin/taskline"), taskline),
        **dict.fromkeys(PYTHONS, python),
    }


class Pulumi:
    """The program `pulumi`, in a stage whose outputs are `outputs`."""

    def __init__(self, outputs: Mapping[str, Any]) -> None:
        self._outputs = outputs

    def __call__(self, arguments: Sequence[str], _: str) -> str:
        count = next((length for length in (2, 1) if " ".join(arguments[:length]) in PULUMI), 0)
        match " ".join(arguments[:count]), *arguments[count:]:
            case "stack output", str(name):
                return self._output(name)
            case "config set", str(key), _:
                _check_key(key)
            case "stack init" | "stack select", str(stage):
                if not (PROJECT_ROOT / f"Pulumi.{stage}.yaml").exists():
                    raise Wrong(f"there is no Pulumi.{stage}.yaml")
            case "preview" | "up" | "refresh" | "destroy", *options:
                if options:
                    raise Wrong(f"does not know the options of 'pulumi {' '.join(arguments)}'")
            case _:
                raise Wrong(f"does not know 'pulumi {' '.join(arguments)}'")
        return ""

    def _output(self, name: str) -> str:
        if name not in self._outputs:
            raise Wrong(f"the Pulumi program exports no {name}; it exports {' '.join(self._outputs)}")
        return str(self._outputs[name])


def _check_key(key: str) -> None:
    """Pulumi.yaml declares the project's keys; those of providers, such as `aws:region`, are not declared there."""
    project = read_project(PROJECT_ROOT)
    own = f"{project['name']}:"
    foreign = ":" in key and not key.startswith(own)
    if not (foreign or PLACEHOLDER.fullmatch(key) or own + key.removeprefix(own) in project["config"]):
        raise Wrong(f"Pulumi.yaml declares no {key}")


def make(arguments: Sequence[str], _: str) -> str:
    """The program `make`: the target and each variable stand in the Makefile."""
    makefile = (PROJECT_ROOT / "Makefile").read_text(encoding="utf-8")
    for word in arguments:
        name, equals, _ = word.partition("=")
        if not re.search(rf"^{re.escape(name)} *\??=" if equals else rf"^{re.escape(name)}:", makefile, re.M):
            raise Wrong(f"the Makefile has no {'variable' if equals else 'target'} {name}")
    return ""


def python(arguments: Sequence[str], _: str) -> str:
    """Python: the module or the script exists, or the code compiles."""
    match arguments:
        case ["-m", module, *_]:
            if not _exists(module):
                raise Wrong(f"there is no module {module} to run")
        case [str(script), *_] if (PROJECT_ROOT / script).is_file():
            pass
        case ["-c", code]:
            try:
                compile(code, "<quoted>", "exec")
            except SyntaxError as error:
                raise Wrong(f"is not Python: {error}") from None
        case _:
            raise Wrong(f"does not know how to check 'python {' '.join(arguments)}'")
    return ""


def taskline(arguments: Sequence[str], _: str) -> str:
    """The command line: there is such a command, and it has these options."""
    arguments = [word for word in arguments if word != "--help"]
    if not arguments:
        return ""
    commands = dict(all_commands())
    length = next((length for length in (2, 1) if " ".join(arguments[:length]) in commands), 0)
    if not length:
        raise Wrong(f"does not know 'taskline {' '.join(arguments)}'")
    name = " ".join(arguments[:length])
    try:
        commands[name].make_context(name, arguments[length:])
    except TyperException as error:
        raise Wrong(f"'taskline {name}' does not take this: {error.format_message()}") from None
    return ""


def _exists(module: str) -> bool:
    try:
        found = importlib.util.find_spec(module)
        package = found and found.submodule_search_locations is not None
        return bool(importlib.util.find_spec(f"{module}.__main__") if package else found)
    except ModuleNotFoundError:
        return False


def _names(stack: Stack) -> dict[str, frozenset[str]]:
    names: defaultdict[str, set[str]] = defaultdict(set)
    for resource in stack:
        if name := resource.inputs.get("name"):
            names[resource.type].add(name)
    return {of_type: frozenset(found) for of_type, found in names.items()}
