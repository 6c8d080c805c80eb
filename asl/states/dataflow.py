"""From a state's input to its output in JSONPath mode; JSONata states have `Arguments` and `Output` instead."""

from typing import Any

from asl.core.templates import Json
from asl.definition.model import DataFlow
from asl.jsonata import Frame
from asl.jsonpath import Path


def effective_input(flow: DataFlow, frame: Frame) -> Json:
    """The input as selected by `InputPath`."""
    return {} if flow.input is None else flow.input.value(frame)


def shaped_output(flow: DataFlow, frame: Frame, original: Json, result: Json) -> Json:
    """The output that `ResultPath` and `OutputPath` make from a result and the state's input."""
    merged = with_result(flow.result, original, result)
    return {} if flow.output is None else flow.output.value(frame, merged)


def with_result(path: Path | None, original: Any, result: Json) -> Json:
    """The input with the result put at the path, or unchanged without a path."""
    return original if path is None else path.put(original, result)
