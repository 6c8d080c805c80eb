"""The code that all functions share: one zip of `functions/`, and one layer of its dependencies."""

from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_aws as aws

from infrastructure.blocks.component import Component
from infrastructure.blocks.location import Location
from infrastructure.blocks.packaging import dependency_layer, functions_archive, missing_bytecode
from infrastructure.blocks.refs import CodeRef

ARCHITECTURE = "arm64"
RUNTIME = "python3.13"


@dataclass(frozen=True, kw_only=True)
class CodeArgs:
    """`prebuilt_layer` is the path of a layer archive; empty builds one. `modules` are what the functions load task
    types from, besides their own, and `files` what those consist of, with the names in the archive.
    """

    location: Location
    prebuilt_layer: str
    modules: tuple[str, ...] = ()
    files: tuple[tuple[Path, str], ...] = ()


class Code(Component):
    """The uploaded code. Public: `ref`."""

    ref: CodeRef

    def __init__(self, name: str, args: CodeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:blocks:Code", name, opts)
        on_aws = args.location.on_aws
        if on_aws and (problem := missing_bytecode()):
            pulumi.log.warn(problem)
        archive = args.prebuilt_layer or dependency_layer()
        layer_arn = layer(f"{name}-layer", args.location.name("dependencies"), archive, self._child)
        self.ref = CodeRef(
            archive=functions_archive(others=args.files, with_bytecode=on_aws),
            layer_arn=layer_arn,
            task_type_modules=args.modules,
        )
        self.register_outputs({"layer_arn": layer_arn})


def layer(name: str, physical_name: str, archive: str, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """A layer of packages. Returns its ARN."""
    return aws.lambda_.LayerVersion(
        name,
        layer_name=physical_name,
        code=pulumi.FileArchive(archive),
        compatible_runtimes=[RUNTIME],
        compatible_architectures=[ARCHITECTURE],
        opts=opts,
    ).arn
