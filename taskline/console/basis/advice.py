"""What to do next about a failed task, by the class of its error."""

from __future__ import annotations

from typing import Final

ADVICE: Final = {
    "VALIDATION": "The task can never succeed as it is, so it was not retried. Submit a corrected copy; redrive it "
    "only after the code of its type has changed.",
    "NETWORK": "A service that the task calls could not be reached. Check that it is back, then redrive.",
    "RATE_LIMIT": "A service asked to slow down. Wait until its limit allows more, then redrive; if it happens often, "
    "use fewer keys at a time.",
    "SYSTEM": "Something on our side failed that may work now. Read the log of the run, then redrive.",
    "UNKNOWN": "The code raised an error that it does not classify, or ran out of time. Read the traceback in the log "
    "of the run, fix the type, then redrive.",
}


def advice(error_class: str) -> str:
    """The next step in a sentence or two."""
    return ADVICE.get(error_class, ADVICE["UNKNOWN"])
