"""Requests of a document with the responses that it shows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.documents.running import curl
from tests.documents.running.live import Curl
from tests.documents.running.markdown import Document
from tests.documents.running.programs import VARIABLES
from tests.documents.running.shell import Shell
from tests.local.laptop import Laptop

# What is different in each run: ids and moments.
_CHANGING = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:.]+Z")


class LastTask(Curl):
    """The program `curl` for a document that is followed from top to bottom: `TASK_ID` is the last task submitted."""

    def __init__(self, laptop: Laptop) -> None:
        super().__init__(laptop)
        self._laptop = laptop
        self._task_id = ""
        self.response: Any = None

    def __call__(self, arguments: Sequence[str], _: str) -> str:
        _request, response = self.send(arguments)
        self.response = response.json
        self._task_id = self.response.get("task_id", self._task_id)
        return ""

    def task(self, request: curl.Request) -> str:
        """The last task, once it is finished."""
        self._laptop.finished(self._task_id)
        return self._task_id


def differences(document: Document, laptop: Laptop) -> Iterator[str]:
    """Make all requests of a document, and compare each response with the JSON that follows the request."""
    client = LastTask(laptop)
    shell = Shell({"curl": client}, VARIABLES)
    for language, block in document.fences():
        if language == "sh" and block.text.startswith("curl "):
            yield from shell.problems(block)
        elif language == "json":
            shown = json.loads(block.text)
            yield from (f"{block.place}: {found}" for found in missing(shown, client.response, "the response"))


def missing(shown: Any, real: Any, where: str) -> Iterator[str]:
    """What is shown and not real. A document may leave out what it has shown before."""
    if isinstance(shown, Mapping) and isinstance(real, Mapping):
        for name, value in shown.items():
            yield from missing(value, real.get(name), f"{where}, {name}")
    elif isinstance(shown, list) and isinstance(real, list) and len(shown) == len(real):
        for number, pair in enumerate(zip(shown, real, strict=True)):
            yield from missing(*pair, f"{where}, {number}")
    elif _constant(shown) != _constant(real):
        yield f"{where} is {real!r}, not {shown!r}"


def _constant(value: Any) -> Any:
    return _CHANGING.sub("CHANGING", value) if isinstance(value, str) else value
