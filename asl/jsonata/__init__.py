"""A JSONata 2.0.6 evaluator with the outward behaviour of the one inside Step Functions.

`jsonata-python` parses expressions and formats numbers and dates. Evaluation is done here because AWS prints
the
reference implementation's error texts, tells `null` from undefined, carries `Infinity`, and bounds depth and
memory,
none of which that library's evaluator keeps enough information to do. See `docs/reference/express.md`.
"""

from asl.jsonata.expression import Expression, Frame, Scratch, compile_expression
from asl.jsonata.runtime.errors import EngineFailed, JsonataError, ResourceLimit
from asl.jsonata.runtime.values import UNDEFINED

__all__ = [
    "UNDEFINED",
    "EngineFailed",
    "Expression",
    "Frame",
    "JsonataError",
    "ResourceLimit",
    "Scratch",
    "compile_expression",
]
