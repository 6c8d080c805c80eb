"""The command line: runs one machine once and prints the outcome."""

import argparse
import json
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from asl.core.clock import Clock, RealClock, VirtualClock
from asl.core.errors import DefinitionError, MissingFake
from asl.core.templates import Json
from asl.execution.context import ExecutionContext
from asl.execution.history import HistoryEvent, Observer
from asl.execution.logs import log_record
from asl.execution.tasks import TaskRunner
from asl.fakes import FakeTasks, check_fakes
from asl.machine import Machine

NOT_RUN: Final = 2
"""Exit status if nothing was run."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. The exit status is 0 if the execution ended, even if it failed."""
    options = _parser().parse_args(arguments)
    try:
        return _run(options)
    except DefinitionError as error:
        _print_problems(options.definition, error)
    except (OSError, ValueError, TypeError, RecursionError, MissingFake) as error:
        print(f"express: {error}", file=sys.stderr)
    return NOT_RUN


def _print_problems(definition: str, error: DefinitionError) -> None:
    print(f"{definition}: {error.code}", file=sys.stderr)
    for problem in error.problems:
        print(f"  {problem}", file=sys.stderr)
        if problem.hint:
            print(f"      ({problem.hint})", file=sys.stderr)


def _run(options: argparse.Namespace) -> int:
    machine = Machine.load(Path(options.definition).read_text(encoding="utf-8"))
    value = _read_json(options.input)
    about = _context(options)
    outcome = machine.run(
        value,
        tasks=_tasks(options),
        context=about,
        clock=_clock(options),
        rng=None if options.seed is None else random.Random(options.seed),
        observe=_observer(about) if options.history else None,
    )
    print(json.dumps(outcome.as_json(), ensure_ascii=True, allow_nan=False))
    return 0


def _context(options: argparse.Namespace) -> ExecutionContext:
    details: dict[str, Any] = {"region": options.region}
    if options.name:
        details["name"] = options.name
    if options.role:
        details["role_arn"] = options.role
    return ExecutionContext(machine_name=Path(options.definition).name.split(".")[0], **details)


def _clock(options: argparse.Namespace) -> Clock:
    virtual = options.virtual_time if options.virtual_time is not None else options.fake is not None
    return VirtualClock() if virtual else RealClock()


def _tasks(options: argparse.Namespace) -> TaskRunner:
    if options.fake is not None:
        return FakeTasks(check_fakes(_read_json(options.fake)))
    # Imported here, because boto3 takes longer to load than a machine with fakes takes to run.
    from asl.integrations.sessions import service_tasks

    return service_tasks(options.region, options.endpoint_url, options.role)


def _read_json(path: str) -> Json:
    text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
    try:
        return json.loads(text, parse_constant=_no_constant)
    except ValueError as error:
        raise ValueError(f"{path} is not JSON: {error}") from error


def _no_constant(name: str) -> Json:
    raise ValueError(f"{name} is not a JSON value")


def _observer(about: ExecutionContext) -> Observer:
    def observe(event: HistoryEvent) -> None:
        print(json.dumps(log_record(event, about.execution_id)), file=sys.stderr)

    return observe


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m asl",
        description="Run a JSONata Express workflow offline and print its status, with its output or error.",
    )
    parser.add_argument("definition", metavar="DEFINITION", help="file with the definition")
    parser.add_argument("input", metavar="INPUT", help="file with the input, or - for standard input")
    parser.add_argument("--fake", metavar="FILE", help="file with results for Task states; no service is called")
    parser.add_argument("--endpoint-url", metavar="URL", help="endpoint of all services, instead of AWS")
    parser.add_argument("--role", metavar="ARN", help="the machine's role, assumed to call services")
    parser.add_argument("--region", default="us-east-1", help="default: %(default)s")
    parser.add_argument("--name", help="name of the execution; default: random")
    parser.add_argument("--seed", type=int, help="make random numbers, identifiers and jitter repeatable")
    parser.add_argument("--history", action="store_true", help="print the history events on standard error")
    time = parser.add_mutually_exclusive_group()
    time.add_argument(
        "--virtual-time",
        action="store_true",
        default=None,
        help="let waits and back-offs take no real time; the default with --fake",
    )
    time.add_argument("--real-time", dest="virtual_time", action="store_false", help="the default without --fake")
    return parser
