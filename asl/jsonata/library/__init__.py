"""The functions of JSONata and those that Step Functions adds; `$eval` is left out, as AWS does."""

from typing import Final

from asl.jsonata.library import additions, arrays, dates, numbers, objects, strings
from asl.jsonata.runtime.frame import Frame

LIBRARY: Final = Frame(
    None,
    {
        **strings.FUNCTIONS,
        **numbers.FUNCTIONS,
        **arrays.FUNCTIONS,
        **objects.FUNCTIONS,
        **dates.FUNCTIONS,
        **additions.FUNCTIONS,
    },
)
"""The outermost scope of every evaluation. It is never written to, so that all threads share it."""
