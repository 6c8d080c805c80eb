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

MOST_MILLISECONDS = 50


@schemathesis.hook
def map_body(_context: Any, body: Any) -> Any:
    """Tasks that sleep for minutes would hold back everything behind them."""
    tasks = body.get("tasks") if isinstance(body, dict) else None
    for task in tasks if isinstance(tasks, list) else [body]:
        data = task.get("data") if isinstance(task, dict) else None
        if isinstance(data, dict) and isinstance(asked := data.get("milliseconds"), int):
            data["milliseconds"] = min(asked, MOST_MILLISECONDS)
    return body
