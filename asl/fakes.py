"""Canned task results, so that a machine can run without any service."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from asl.core.errors import MissingFake, TaskFailure
from asl.core.templates import Json
from asl.execution.tasks import Taking, TaskRequest

Fakes = Mapping[str, Sequence[Mapping[str, Json]]]
"""The results of each state, one per attempt: `{"result": ...}` or `{"error": ..., "cause": ...}`."""


class FakeTasks:
    """Serves canned results. Attempts are counted per state across all its visits; the last result repeats.

    A result may have `seconds`: how long the task takes. Use one object per execution.
    """

    blocking = False

    def __init__(self, fakes: Fakes) -> None:
        self._fakes = fakes
        self._used: dict[str, int] = {}

    def run(self, request: TaskRequest) -> Json | Taking:
        """The next result of the state; raises `TaskFailure` or `MissingFake`."""
        entries = self._fakes.get(request.state)
        if not entries:
            raise MissingFake(f"no canned result for the Task state '{request.state}'")
        attempt = self._used.get(request.state, 0)
        self._used[request.state] = attempt + 1
        entry = entries[min(attempt, len(entries) - 1)]
        result = entry["result"] if "result" in entry else TaskFailure(_text(entry, "error"), _text(entry, "cause"))
        if entry.get("seconds"):
            return Taking(entry["seconds"], result)
        if isinstance(result, TaskFailure):
            raise result
        return result


def _text(entry: Mapping[str, Json], key: str) -> str | None:
    value = entry.get(key)
    return None if value is None else str(value)


def check_fakes(data: Json) -> Fakes:
    """The data, if it can serve as fakes; raises `TypeError` or `ValueError` with the reason if not."""
    if not isinstance(data, dict):
        raise TypeError("the fakes must be an object with a list of results for each Task state")
    for name, entries in cast(dict[str, Any], data).items():
        if not isinstance(entries, list) or not entries:
            raise ValueError(f"the fakes of '{name}' must be a non-empty array")
        for entry in cast(list[Any], entries):
            if not isinstance(entry, dict) or not ({"result", "error"} & entry.keys()):
                raise ValueError(f"each fake of '{name}' must have 'result' or 'error'")
    return cast(Fakes, data)
