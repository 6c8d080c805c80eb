"""A Lambda function with its own role, its own log group and tracing."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infrastructure.blocks import iam
from infrastructure.blocks.code import ARCHITECTURE, RUNTIME, Code
from infrastructure.blocks.location import Location
from infrastructure.blocks.role import Role

METRICS_NAMESPACE = "Taskline"


@dataclass(frozen=True, kw_only=True)
class FunctionDefaults:
    """What all functions of a stack have in common."""

    location: Location
    code: Code
    log_level: str
    log_retention_days: int


@dataclass(frozen=True, kw_only=True)
class FunctionArgs:
    """What one function needs. `statements` are its permissions beside logs and traces; `timeout` in seconds."""

    defaults: FunctionDefaults
    environment: Mapping[str, pulumi.Input[str]]
    statements: tuple[iam.Statement, ...]
    timeout: int
    memory_megabytes: int


class Function(pulumi.ComponentResource):
    """The function in `functions/<name>.py`.

    Public: `arn`, `invoke_arn` (for API Gateway), `function_name`, and `service`, as its metrics call it.
    """

    arn: pulumi.Output[str]
    invoke_arn: pulumi.Output[str]
    function_name: str
    service: str

    def __init__(self, name: str, args: FunctionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:function:Function", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        defaults = args.defaults
        self.function_name = defaults.location.name(name)
        self.service = name
        # Made here and not by Lambda on the first call, which would keep the logs for ever.
        logs = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=f"/aws/lambda/{self.function_name}",
            retention_in_days=defaults.log_retention_days,
            opts=child,
        )
        role = Role(
            name,
            physical_name=self.function_name,
            trust=iam.trust("lambda", defaults.location),
            statements=pulumi.Output.from_input([iam.write_own_logs(logs.arn), iam.send_traces(), *args.statements]),
            opts=child,
        )
        function = aws.lambda_.Function(
            f"{name}-function",
            name=self.function_name,
            runtime=RUNTIME,
            architectures=[ARCHITECTURE],
            handler=f"functions.{name}.handler",
            code=pulumi.FileArchive(defaults.code.archive),
            layers=[defaults.code.layer_arn],
            role=role.ready_arn,
            timeout=args.timeout,
            memory_size=args.memory_megabytes,
            environment={"variables": {**_libraries(name, defaults.log_level), **args.environment}},
            tracing_config={"mode": "Active"},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[logs]),
        )
        self.arn = function.arn
        self.invoke_arn = function.invoke_arn
        self.register_outputs({"arn": self.arn})


def _libraries(service: str, log_level: str) -> dict[str, str]:
    return {
        "POWERTOOLS_SERVICE_NAME": service,
        "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE,
        "POWERTOOLS_LOG_LEVEL": log_level,
        # None is deployed, and looking for some reads the metadata of every package in each cold start.
        "PYDANTIC_DISABLE_PLUGINS": "__all__",
    }
