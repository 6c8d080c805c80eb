"""Writes down each call that the emulator judges by a role's policies, next to itself.

Its copy is the module `sitecustomize` of the emulator's process, so that it is there before the emulator is.
"""

import json
from pathlib import Path
from typing import Any

from ministack.core import iam_evaluator  # pyright: ignore[reportMissingTypeStubs]

FILE = Path(__file__).with_name("calls.jsonl")
_evaluate = iam_evaluator.evaluate


def _recording(context: iam_evaluator.EvalContext, *policies: Any) -> iam_evaluator.EvalResult:
    result = _evaluate(context, *policies)
    call = {"principal": context.principal_arn, "action": context.action, "resource": context.resource_arn}
    with FILE.open("a") as file:
        file.write(json.dumps({**call, "decision": result.decision}) + "\n")
    return result


iam_evaluator.evaluate = _recording
