"""The code that all functions share: one zip of `functions/`, one layer of its dependencies."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infrastructure.blocks.location import Location
from infrastructure.blocks.packaging import dependency_layer, functions_archive

ARCHITECTURE = "arm64"
RUNTIME = "python3.13"


@dataclass(frozen=True, kw_only=True)
class CodeArgs:
    """`prebuilt_layer` is the path of a layer archive; empty builds one."""

    location: Location
    prebuilt_layer: str


class Code(pulumi.ComponentResource):
    """Public: `archive` (path of the zip), `layer_arn`."""

    archive: str
    layer_arn: pulumi.Output[str]

    def __init__(self, name: str, args: CodeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:code:Code", name, None, opts)
        self.archive = functions_archive()
        layer = aws.lambda_.LayerVersion(
            f"{name}-layer",
            layer_name=args.location.name("dependencies"),
            code=pulumi.FileArchive(args.prebuilt_layer or dependency_layer()),
            compatible_runtimes=[RUNTIME],
            compatible_architectures=[ARCHITECTURE],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.layer_arn = layer.arn
        self.register_outputs({"layer_arn": self.layer_arn})
