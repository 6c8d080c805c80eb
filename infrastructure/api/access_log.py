"""One JSON line per request to the API, whether it reaches a function or not."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infrastructure.blocks import iam
from infrastructure.blocks.component import Component
from infrastructure.blocks.location import Location
from infrastructure.blocks.log_group import log_group
from infrastructure.blocks.role import Role

# Field -> the gateway's variable. A missing value is a dash, so every value is quoted. No header, no query and no
# body: those are the client's data. Nothing that a client sends can break out of its quotes. No path, whose length the
# client chooses: the gateway cuts a line off at 1,024 bytes. No time: each event of a log has one. And nothing that
# nobody needs who has the request's id: each byte is paid with each request.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html
_FIELDS = {
    "request_id": "$context.requestId",
    "api_key_id": "$context.identity.apiKeyId",
    "user_arn": "$context.identity.userArn",
    "source_ip": "$context.identity.sourceIp",
    "method": "$context.httpMethod",
    "route": "$context.resourcePath",
    "status": "$context.status",
    "latency_ms": "$context.responseLatency",
    "integration_error": "$context.integration.error",
    "error_type": "$context.error.responseType",
}
_FIREWALL = {"firewall_status": "$context.waf.status"}
ACCOUNT_ROLE = "taskline-gateway-logs"


def line_format(*, firewall: bool) -> str:
    """The format of a line, with the verdict of the firewall if there is one. Without spaces."""
    return json.dumps({**_FIELDS, **(_FIREWALL if firewall else {})}, separators=(",", ":"))


@dataclass(frozen=True, kw_only=True)
class AccessLogArgs:
    """`account_role` is whether this stack sets the role with which API Gateway logs in this account and region.

    `firewall` is whether there is one, whose verdict is logged.
    """

    location: Location
    retention_days: int
    account_role: bool
    firewall: bool


class AccessLog(Component):
    """Public: `arn` of the log group, known only when API Gateway may write to it; its `group`, by name; `format`."""

    arn: pulumi.Output[str]
    group: pulumi.Output[str]
    format: str

    def __init__(self, name: str, args: AccessLogArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:api:AccessLog", name, opts)
        self.format = line_format(firewall=args.firewall)
        logs = log_group(
            name, f"/aws/apigateway/{args.location.name(name)}", args.location, args.retention_days, self._child
        )
        self.arn, self.group = logs.arn, logs.name
        if args.account_role:
            account = self._account(name, args.location)
            self.arn = pulumi.Output.all(logs.arn, account.id).apply(lambda both: both[0])
        self.register_outputs({"arn": self.arn})

    def _account(self, name: str, location: Location) -> aws.apigateway.Account:
        """All APIs of the account and region log with one role, which outlives this stack: others may rely on it."""
        role = Role(
            name,
            physical_name=ACCOUNT_ROLE,
            location=location,
            trust=iam.trust("apigateway", location),
            statements=[iam.write_gateway_logs()],
            outlives_stack=True,
            opts=self._child,
        )
        return aws.apigateway.Account(
            f"{name}-account",
            cloudwatch_role_arn=role.ready_arn,
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True),
        )
