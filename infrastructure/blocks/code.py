"""The code that all functions share: one zip of `functions/`, and one layer of its dependencies."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infrastructure.blocks.component import Component
from infrastructure.blocks.location import Location
from infrastructure.blocks.packaging import dependency_layer, functions_archive
from infrastructure.blocks.refs import CodeRef

ARCHITECTURE = "arm64"
RUNTIME = "python3.13"


@dataclass(frozen=True, kw_only=True)
class CodeArgs:
    """`prebuilt_layer` is the path of a layer archive; empty builds one."""

    location: Location
    prebuilt_layer: str


class Code(Component):
    """The uploaded code. Public: `ref`."""

    ref: CodeRef

    def __init__(self, name: str, args: CodeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:blocks:Code", name, opts)
        layer = aws.lambda_.LayerVersion(
            f"{name}-layer",
            layer_name=args.location.name("dependencies"),
            code=pulumi.FileArchive(args.prebuilt_layer or dependency_layer()),
            compatible_runtimes=[RUNTIME],
            compatible_architectures=[ARCHITECTURE],
            opts=self._child,
        )
        self.ref = CodeRef(archive=functions_archive(), layer_arn=layer.arn)
        self.register_outputs({"layer_arn": layer.arn})
