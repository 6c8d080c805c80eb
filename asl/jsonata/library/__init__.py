"""The functions of JSONata and those that Step Functions adds. As on AWS, there is no `$eval`."""

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
"""The outermost scope of every evaluation. Nothing writes to it, so threads can share it."""
