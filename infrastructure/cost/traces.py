"""Which share of requests X-Ray traces: by the stage's own rule, or by the one that every account has.

https://docs.aws.amazon.com/xray/latest/devguide/xray-console-sampling.html
"""

from __future__ import annotations

from infrastructure.cost.declared import Declared

DEFAULT_RESERVOIR, DEFAULT_SHARE = 1, 0.05  # per second, and of the others


def traced(declared: Declared, per_second: float) -> float:
    """The share that is traced of so many requests per second."""
    rules = declared.all("aws:xray/samplingRule:SamplingRule")
    reservoir, share = DEFAULT_RESERVOIR, DEFAULT_SHARE
    if rules:
        reservoir, share = rules[0]["reservoirSize"], rules[0]["fixedRate"]
    first = min(per_second, reservoir)
    return (first + (per_second - first) * share) / per_second
