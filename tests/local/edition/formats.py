"""Values for the document's own formats, for generated requests. See `test_contract.py`."""

import schemathesis
from hypothesis import strategies as st

schemathesis.openapi.format(
    "iso-8601",
    st.sampled_from(["2026-12-31", "20261231", "2026-W01-1", "2026-12-31T17:00:00Z", "2026-12-31T17:00+02:00"]),
)
schemathesis.openapi.format("iso-8601-moment", st.datetimes().map(lambda moment: moment.isoformat() + "Z"))
# Types that take any data; the others have their own models.
schemathesis.openapi.format("task-type", st.sampled_from(["default", "demo.echo"]))
# An opaque text from a response: none that can be invented is valid.
schemathesis.openapi.format("continuation", st.nothing())
