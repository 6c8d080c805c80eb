"""The programs that the documents name, run: requests go to a laptop edition, long runs take a short form."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from local.host.options import PROJECT_ROOT
from tests.documents.running import curl, programs
from tests.documents.running.programs import PLACEHOLDER, PYTHONS, Pulumi
from tests.documents.running.shell import Program, Wrong
from tests.infrastructure.recording import Stack
from tests.local.laptop import Laptop, Response

TIMEOUT_SECONDS = 120
DOCUMENTED_URL = "http://127.0.0.1:4000"
TASK = {"title": "Quoted", "description": "In a document", "priority": "low", "type": "demo.echo", "data": {}}
FAILING = {"type": "demo.flaky", "data": {"probability": 1, "error_class": "VALIDATION"}}
SLOW = {"type": "demo.slow", "data": {"milliseconds": 1500}}
# What stands for something else in a request. TASK_ID is a task that the request can be made for: see `Curl`.
STAND_INS = {"METHOD": "GET", "THE_PATH": "breaker", "{...}": json.dumps(TASK)}
# Files that commands name, made in the folder where they run.
FILES = {
    "DEFINITION.asl.json": {
        "QueryLanguage": "JSONata",
        "StartAt": "Done",
        "States": {"Done": {"Type": "Pass", "End": True}},
    },
    "INPUT.json": {"some": "input"},
    "FAKES.json": {},
}


def running(stack: Stack, laptop: Laptop) -> dict[str, Program]:
    """All programs, on a laptop edition whose state is in a folder `.taskline`."""
    folder = laptop.state_dir.parent
    for name, document in FILES.items():
        (folder / name).write_text(json.dumps(document), encoding="utf-8")
    return programs.checked(stack) | {
        "curl": Curl(laptop),
        "make": make,
        "pulumi": Pulumi(laptop.outputs),
        **dict.fromkeys(PYTHONS, Python(folder)),
    }


class Curl:
    """The program `curl`: sends the request to the laptop edition; 400 and above is wrong."""

    def __init__(self, laptop: Laptop) -> None:
        self._laptop = laptop
        self._keys = (f"quoted-{number}" for number in itertools.count())

    def __call__(self, arguments: Sequence[str], _: str) -> str:
        request, response = self.send(arguments)
        if response.status >= 400:
            raise Wrong(f"{request.method} {request.path} returns {response.status}: {response.body.decode()}")
        return response.body.decode()

    def send(self, arguments: Sequence[str]) -> tuple[curl.Request, Response]:
        """The request that is meant, and its response. Raises `Wrong` if it is not clear which request is meant."""
        request = curl.read([self._replaced(argument) for argument in arguments])
        if not request.url.startswith(f"{self._laptop.url}/"):
            raise Wrong(f"{request.url} is not the address of the laptop edition, which is {DOCUMENTED_URL}")
        path = request.path
        if "TASK_ID" in path:
            path = path.replace("TASK_ID", self.task(request))
        if unknown := PLACEHOLDER.search(urlsplit(path).path):
            raise Wrong(f"does not know what {unknown[0]} stands for: {path}")
        return request, self._laptop.request(request.method, path, request.body, **request.headers)

    def _replaced(self, argument: str) -> str:
        whole = STAND_INS.get(argument, argument)
        path = re.sub(r"(?<=/)(METHOD|THE_PATH)\b", lambda name: STAND_INS[name[0]], whole)
        return path.replace(DOCUMENTED_URL, self._laptop.url)

    def task(self, request: curl.Request) -> str:
        """A new task in the status that the request is for."""
        key = next(self._keys)
        if request.method == "DELETE":  # is queued for as long as others of its key run
            return [self._laptop.post(ordering_key=key, **SLOW) for _ in range(6)][-1]
        failed = request.path.endswith("/redrive")
        task = self._laptop.post(ordering_key=key, **(FAILING if failed else {}))
        status = self._laptop.finished(task)["status"]
        if status != ("failed" if failed else "succeeded"):
            raise Wrong(f"a task to try {request.path} with is {status}")
        return task


def make(arguments: Sequence[str], _: str) -> str:
    """The program `make`, without running what the target runs."""
    programs.make(arguments, "")
    if make := shutil.which("make"):
        _run([make, "-n", *arguments], PROJECT_ROOT)
    return ""


class Run(NamedTuple):
    """How a module is run: its arguments, and the status and the words that show that it went well."""

    arguments: Sequence[str]
    status: int = 0
    words: Sequence[str] = ()


class Python:
    """Python, in a folder where the files are that commands name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, arguments: Sequence[str], read: str) -> str:
        programs.python(arguments, read)
        run = _short(arguments[1], list(arguments[2:])) if arguments[0] == "-m" else Run(arguments)
        output = _python(tuple(run.arguments), self._folder, run.status, read)
        for word in run.words:
            if word not in output:
                raise Wrong(f"python {' '.join(run.arguments)} does not mention {word!r}: {output}")
        return output


def _short(module: str, arguments: list[str]) -> Run:
    """A run that takes all the same options and a moment."""
    if module not in MODULES:
        raise Wrong(f"does not know how to run the module {module}")
    return MODULES[module](module, arguments)


def _as_it_is(module: str, arguments: list[str]) -> Run:
    return Run(["-m", module, *arguments])


def _imported(module: str, arguments: list[str]) -> Run:
    """For what has no options, and takes long."""
    if arguments:
        raise Wrong(f"{module} takes no {' '.join(arguments)}")
    return Run(["-c", f"import {module}"])


def _helped(module: str, arguments: list[str]) -> Run:
    """For what other tests run: only that it starts, and knows its options."""
    return Run(["-m", module, "--help"], words=[word for word in arguments if word.startswith("--")])


def _simulated(module: str, arguments: list[str]) -> Run:
    """Few schedules. Without any, each mistake is made and none is caught."""
    if "--mutations" in arguments:
        return Run(["-m", module, *arguments, "--count", "0"], status=1, words=["mistakes"])
    few = ["3" if before == "--count" else word for before, word in zip(["", *arguments], arguments, strict=False)]
    return Run(["-m", module, *few], words=["0 broken"])


MODULES: dict[str, Callable[[str, list[str]], Run]] = {
    "benchmarks.calls": _helped,
    "benchmarks.express": _helped,
    "benchmarks.kit": _helped,
    "benchmarks.laptop": _helped,
    "benchmarks.protection": _helped,
    "benchmarks.soak": _helped,
    "tests.local.chaos.run": _helped,
    "benchmarks.validator": _imported,
    "docs.scale": _imported,
    "docs.site.generated": _imported,
    "operations.cost.committing": _imported,
    "json.tool": _as_it_is,
    "infrastructure.deployer": _as_it_is,
    "operations.smoke": _helped,
    "asl": _as_it_is,
    "tests.compatibility": _imported,
    "tests.simulation": _simulated,
}


@cache
def _python(arguments: tuple[str, ...], folder: Path, status: int, read: str) -> str:
    return _run([sys.executable, *arguments], folder, status, read)


def _run(command: Sequence[str], folder: Path, status: int = 0, read: str = "") -> str:
    environment = os.environ | {"PYTHONPATH": str(PROJECT_ROOT)}
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, input=read, capture_output=True, text=True, timeout=TIMEOUT_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise Wrong(f"{' '.join(command)} takes more than {TIMEOUT_SECONDS} s") from None
    if done.returncode != status:
        raise Wrong(f"{' '.join(command)} exits with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout
