"""Which of a stage's requests, executions and function runs X-Ray traces."""

import hashlib
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infrastructure.blocks.component import Component
from infrastructure.blocks.location import Location

MAX_NAME_CHARACTERS = 32
PRIORITY = 5000  # of 1 to 9999, the lowest first: room for rules that somebody adds by hand


@dataclass(frozen=True, kw_only=True)
class TracesArgs:
    """`share` of all are traced, 0 to 1."""

    location: Location
    share: float


class Traces(Component):
    """A sampling rule for everything whose name begins with the stack's.

    Without one, X-Ray's own rule takes one request of each second, and of the others one in twenty. With few tasks
    that is every task.
    """

    def __init__(self, name: str, args: TracesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:watch:Traces", name, opts)
        prefix = args.location.prefix
        aws.xray.SamplingRule(
            f"{name}-rule",
            rule_name=rule_name(prefix),
            version=1,
            priority=PRIORITY,
            fixed_rate=args.share,
            reservoir_size=0,
            service_name=f"{prefix}-*",
            service_type="*",
            resource_arn="*",
            host="*",
            http_method="*",
            url_path="*",
            opts=self._child,
        )
        self.register_outputs({})


def rule_name(prefix: str) -> str:
    """The stack's prefix, as far as the name of a rule may be long."""
    if len(prefix) <= MAX_NAME_CHARACTERS:
        return prefix
    digest = hashlib.sha256(prefix.encode()).hexdigest()[:8]
    return f"{prefix[: MAX_NAME_CHARACTERS - len(digest) - 1]}-{digest}"
