"""A Lambda function with its own role, its own log group and tracing, called through its alias `live`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from functions.task_types import PACKAGES_VARIABLE
from infrastructure.blocks import iam
from infrastructure.blocks.code import ARCHITECTURE, RUNTIME
from infrastructure.blocks.component import Component
from infrastructure.blocks.location import Location
from infrastructure.blocks.log_group import log_group
from infrastructure.blocks.refs import CodeRef, FunctionRef, Grant
from infrastructure.blocks.role import Role

LIVE = "live"


@dataclass(frozen=True, kw_only=True)
class FunctionDefaults:
    """What all functions of a stack have in common."""

    location: Location
    code: CodeRef
    log_level: str
    log_retention_days: int


@dataclass(frozen=True, kw_only=True)
class Start:
    """`provisioned` environments are kept ready, 0 none. With `snap_start`, all begin as a snapshot of a ready one."""

    provisioned: int = 0
    snap_start: bool = False


COLD = Start()
"""Environments start when they are needed."""


@dataclass(frozen=True, kw_only=True)
class FunctionArgs:
    """What one function needs. `grants` are its uses of resources, `environment` its own settings.

    Its role and its variables follow from both. `timeout` in seconds. `reserved_concurrency` are executions that no
    other function of the account can take from it, and the most it can have; 0 reserves none. `start` is how its
    execution environments start. `after` are outputs of what has to be updated before callers get the new version.
    `hooks` are called around the function's own updates.
    """

    defaults: FunctionDefaults
    grants: tuple[Grant, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    timeout: int
    memory_megabytes: int
    reserved_concurrency: int = 0
    start: Start = COLD
    after: tuple[pulumi.Input[str], ...] = ()
    service: str = ""
    layer_arn: pulumi.Input[str] = ""
    hooks: pulumi.ResourceHookBinding | None = None


class Function(Component):
    """The function in `functions/<service>.py`. Public: `ref`, which names the alias, never the function itself.

    Each update publishes a version, and the alias moves to it when it is ready: code and configuration change at once,
    for all callers, and can move back.
    """

    ref: FunctionRef

    def __init__(self, name: str, args: FunctionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:blocks:Function", name, opts)
        defaults, physical_name = args.defaults, args.defaults.location.name(name)
        service = args.service or name
        logs = log_group(
            name, f"/aws/lambda/{physical_name}", defaults.location, defaults.log_retention_days, self._child
        )
        role = Role(
            name,
            physical_name=physical_name,
            location=defaults.location,
            trust=iam.trust("lambda", defaults.location),
            statements=pulumi.Output.from_input(_statements(args, logs.arn)),
            opts=self._child,
        )
        function = aws.lambda_.Function(
            f"{name}-function",
            name=physical_name,
            runtime=RUNTIME,
            architectures=[ARCHITECTURE],
            handler=f"functions.{service}.handler",
            code=pulumi.FileArchive(defaults.code.archive),
            layers=[args.layer_arn or defaults.code.layer_arn],
            role=role.ready_arn,
            timeout=args.timeout,
            memory_size=args.memory_megabytes,
            reserved_concurrent_executions=args.reserved_concurrency or None,
            publish=True,
            snap_start={"apply_on": "PublishedVersions"} if args.start.snap_start else None,
            environment={"variables": _variables(service, args)},
            tracing_config={"mode": "Active"},
            logging_config=_logging(defaults.log_level),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[logs], hooks=args.hooks),
        )
        live = aws.lambda_.Alias(
            f"{name}-live",
            name=LIVE,
            function_name=function.name,
            function_version=pulumi.Output.all(function.version, *args.after).apply(lambda known: known[0]),
            opts=self._child,
        )
        if args.start.provisioned:
            aws.lambda_.ProvisionedConcurrencyConfig(
                f"{name}-provisioned",
                function_name=function.name,
                qualifier=live.name,
                provisioned_concurrent_executions=args.start.provisioned,
                opts=self._child,
            )
        self.ref = FunctionRef(
            service=service,
            name=physical_name,
            alias=live.name,
            metrics_namespace=defaults.location.prefix,
            arn=live.arn,
            invoke_arn=live.invoke_arn,
            log_group=logs.name,
        )
        self.register_outputs({"arn": live.arn})


def _logging(log_level: str) -> aws.lambda_.FunctionLoggingConfigArgsDict:
    """JSON, without Lambda's own lines about each invocation that went well: they would be paid with every task.

    Its level for our lines is never above INFO, because that would hold back the metrics among them, which have none.
    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
    """
    return {
        "log_format": "JSON",
        "application_log_level": "DEBUG" if log_level == "DEBUG" else "INFO",
        "system_log_level": "WARN",
    }


def _statements(args: FunctionArgs, log_group_arn: pulumi.Output[str]) -> list[iam.Statement]:
    granted = [statement for grant in args.grants for statement in grant.statements]
    return [iam.write_own_logs(log_group_arn), iam.send_traces(), *granted]


def _variables(service: str, args: FunctionArgs) -> dict[str, pulumi.Input[str]]:
    variables: dict[str, pulumi.Input[str]] = {
        "POWERTOOLS_SERVICE_NAME": service,
        "POWERTOOLS_METRICS_NAMESPACE": args.defaults.location.prefix,
        "POWERTOOLS_LOG_LEVEL": args.defaults.log_level,
        # None is deployed, and the search for them reads the metadata of every package in each cold start.
        "PYDANTIC_DISABLE_PLUGINS": "__all__",
    }
    if modules := args.defaults.code.task_type_modules:
        variables[PACKAGES_VARIABLE] = " ".join(modules)
    for grant in args.grants:
        variables |= grant.environment
    return {**variables, **args.environment}
