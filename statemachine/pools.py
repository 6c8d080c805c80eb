"""Which function runs a task: the one of its type's pool."""

import json
from collections.abc import Mapping


def function_name(default: str, by_type: Mapping[str, str]) -> str:
    """What the state machine invokes, as a function's ARN or as an expression that finds it by the task's type.

    `by_type` has the types that do not run in the default pool. A type that it does not have, and a message without
    one, go to the default pool.
    """
    if not by_type:
        return default
    functions = json.dumps(dict(sorted(by_type.items())))
    body = "$parse($states.context.Execution.Input[0].body)"
    return f"{{% ($found := $lookup({functions}, $string({body}.type)); $found ? $found : '{default}') %}}"
