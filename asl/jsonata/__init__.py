"""A JSONata 2.0.6 evaluator with the outward behaviour of the one inside Step Functions.

`jsonata-python` parses expressions and formats numbers and dates. Evaluation is done here, because AWS prints the
reference implementation's error texts, distinguishes `null` from undefined, carries `Infinity`, and bounds depth and
memory. The evaluator of that library keeps too little information for any of these. See `docs/reference/express.md`.

Other packages import from here only.
"""

from asl.jsonata.compiler.tree import Node, children
from asl.jsonata.expression import Expression, compile_expression
from asl.jsonata.library import LIBRARY
from asl.jsonata.runtime.errors import EngineFailed, JsonataError, ResourceLimit
from asl.jsonata.runtime.frame import Frame, Scratch
from asl.jsonata.runtime.results import NotJson, to_json
from asl.jsonata.runtime.values import UNDEFINED, FunctionValue

__all__ = [
    "LIBRARY",
    "UNDEFINED",
    "EngineFailed",
    "Expression",
    "Frame",
    "FunctionValue",
    "JsonataError",
    "Node",
    "NotJson",
    "ResourceLimit",
    "Scratch",
    "children",
    "compile_expression",
    "to_json",
]
