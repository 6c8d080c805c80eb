"""From a state's input to its output in JSONPath mode; JSONata states have `Arguments` and `Output` instead."""

from typing import Any

from asl.core.templates import Json
from asl.definition.model import DataFlow
from asl.jsonata import Frame
from asl.jsonpath import Path


def effective_input(flow: DataFlow, frame: Frame) -> Json:
    """What `InputPath` leaves of the input."""
    return {} if flow.input is None else flow.input.value(frame)


def shaped_output(flow: DataFlow, frame: Frame, original: Json, result: Json) -> Json:
    """What `ResultPath` and `OutputPath` make of a result and the state's own input."""
    merged = placed(flow.result, original, result)
    return {} if flow.output is None else flow.output.value(frame, merged)


def placed(path: Path | None, original: Any, result: Json) -> Json:
    """The input with the result at its place."""
    return original if path is None else path.put(original, result)
