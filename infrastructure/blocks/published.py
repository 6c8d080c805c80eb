"""The stack's outputs as parameters of Systems Manager, where command line and console find a stage by its name."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infrastructure.blocks.component import Component

# A standard parameter costs nothing: https://docs.aws.amazon.com/general/latest/gr/ssm.html has the limit, in bytes.
MAX_BYTES = 4096


@dataclass(frozen=True, kw_only=True)
class PublishedArgs:
    """`outputs` by name; none of them is a secret."""

    outputs: Mapping[str, pulumi.Input[object]]


class Published(Component):
    """A parameter `/<project>/<stack>/<name>` for each output: a text as it is, anything else as JSON."""

    def __init__(self, name: str, args: PublishedArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:blocks:Published", name, opts)
        path = f"/{pulumi.get_project()}/{pulumi.get_stack()}"
        for output, value in args.outputs.items():
            aws.ssm.Parameter(
                f"{name}-{output}",
                name=f"{path}/{output}",
                type="String",
                insecure_value=pulumi.Output.from_input(value).apply(as_text),  # a preview may show it
                description=f"The output {output} of the stack.",
                opts=self._child,
            )
        self.register_outputs({})


def as_text(value: object) -> str:
    """The value of a parameter. What does not fit is replaced by a text that says where to find it."""
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    size = len(text.encode())
    return text if size <= MAX_BYTES else f"Too large for a parameter, {size} bytes: see pulumi stack output."
