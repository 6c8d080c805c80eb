"""Values for the document's own formats, for generated requests. See `test_contract.py`."""

from typing import Any

import schemathesis
from hypothesis import strategies as st

schemathesis.openapi.format(
    "iso-8601",
    st.sampled_from(["2026-12-31", "20261231", "2026-W01-1", "2026-12-31T17:00:00Z", "2026-12-31T17:00+02:00"]),
)
schemathesis.openapi.format("iso-8601-moment", st.datetimes().map(lambda moment: moment.isoformat() + "Z"))
# An opaque text from a response: none that can be invented is valid.
schemathesis.openapi.format("continuation", st.nothing())

LONGEST_MILLISECONDS, ALLOWED_MILLISECONDS = 50, 900_000


@schemathesis.hook
def before_call(_context: Any, case: Any, _arguments: Any) -> None:
    """Tasks that sleep for minutes would hold back everything behind them. What is refused stays as it is."""
    body = case.body
    tasks = body.get("tasks", [body]) if isinstance(body, dict) else None
    for task in tasks if isinstance(tasks, list) else ():
        data = task.get("data") if isinstance(task, dict) else None
        if not isinstance(data, dict) or not isinstance(asked := data.get("milliseconds"), int):
            continue
        if LONGEST_MILLISECONDS < asked <= ALLOWED_MILLISECONDS:
            data["milliseconds"] = LONGEST_MILLISECONDS
