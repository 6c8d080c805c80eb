"""JSONPath for states of a machine that also has JSONata states: reference paths, payload templates and Choice rules.

Intrinsic functions and filters are not supported, and a definition with them is invalid.
"""

from asl.jsonpath.conditions import compile_condition
from asl.jsonpath.errors import PathError, PathFailed, RuleError
from asl.jsonpath.path import Path, compile_path
from asl.jsonpath.payload import compile_payload, path_template

__all__ = [
    "Path",
    "PathError",
    "PathFailed",
    "RuleError",
    "compile_condition",
    "compile_path",
    "compile_payload",
    "path_template",
]
