"""The REST API: made from the OpenAPI document, plus which function answers what."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from functions.api import cors
from functions.api.routes import ROUTES
from infrastructure.api.access_log import AccessLog, AccessLogArgs
from infrastructure.api.document import gateway_document
from infrastructure.api.firewall import Firewall, FirewallArgs
from infrastructure.api.usage_plan import UsagePlan, UsagePlanArgs
from infrastructure.blocks.function import Function
from infrastructure.blocks.location import Location
from infrastructure.settings.api import ApiSettings

STAGE = "v1"
FUNCTION_TIMEOUT_SECONDS = 28  # the gateway itself waits for 29
# Below this an answer fits into one packet, and is not worth the time.
MINIMUM_COMPRESSION_BYTES = 1024


@dataclass(frozen=True, kw_only=True)
class ApiArgs:
    """`functions` serve the API's routes, by their names in `functions/`; `others` serves preflights and 405."""

    location: Location
    settings: ApiSettings
    log_retention_days: int
    functions: Mapping[str, Function]
    others: Function


class Api(pulumi.ComponentResource):
    """The REST API with its stage `v1`. Public: `api_name`; `url`, without a slash at its end; `key_ids` by client."""

    api_name: str
    url: pulumi.Output[str]
    key_ids: pulumi.Output[dict[str, str]]

    def __init__(self, name: str, args: ApiArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:api:Api", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        body = _body(args)
        self.api_name = args.location.name(name)
        api = aws.apigateway.RestApi(
            f"{name}-rest-api",
            name=self.api_name,
            body=body,
            endpoint_configuration={"types": "REGIONAL"},
            minimum_compression_size=str(MINIMUM_COMPRESSION_BYTES),
            opts=self._child,
        )
        stage = self._stage(api, self._deployment(api, body))
        plan = UsagePlan(
            f"{name}-usage",
            UsagePlanArgs(
                location=args.location,
                api_id=api.id,
                stage_name=stage.stage_name,
                clients=args.settings.clients,
                throttle=args.settings.key_throttle,
                quota_per_day=args.settings.key_quota_per_day,
            ),
            opts=self._child,
        )
        if args.settings.firewall:
            Firewall(f"{name}-firewall", FirewallArgs(location=args.location, stage_arn=stage.arn), opts=self._child)
        self.url = stage.invoke_url
        self.key_ids = plan.key_ids
        self.register_outputs({"url": self.url})

    def _deployment(self, api: aws.apigateway.RestApi, body: pulumi.Output[str]) -> aws.apigateway.Deployment:
        return aws.apigateway.Deployment(
            f"{self._name}-deployment",
            rest_api=api.id,
            triggers={"body": body.apply(lambda text: hashlib.sha256(text.encode()).hexdigest())},
            opts=pulumi.ResourceOptions(parent=self, depends_on=self._permissions(api)),
        )

    def _permissions(self, api: aws.apigateway.RestApi) -> list[aws.lambda_.Permission]:
        return [
            aws.lambda_.Permission(
                f"{self._name}-{served_by}-permission",
                action="lambda:InvokeFunction",
                principal="apigateway.amazonaws.com",
                function=function.arn,
                source_arn=pulumi.Output.concat(api.execution_arn, f"/{STAGE}/*"),
                opts=self._child,
            )
            for served_by, function in self._args.functions.items()
        ]

    def _stage(self, api: aws.apigateway.RestApi, deployment: aws.apigateway.Deployment) -> aws.apigateway.Stage:
        args, settings = self._args, self._args.settings
        log = AccessLog(
            f"{self._name}-access",
            AccessLogArgs(
                location=args.location, retention_days=args.log_retention_days, account_role=settings.account_log_role
            ),
            opts=self._child,
        )
        stage = aws.apigateway.Stage(
            f"{self._name}-stage",
            rest_api=api.id,
            deployment=deployment.id,
            stage_name=STAGE,
            variables=_stage_variables(settings),
            access_log_settings={"destination_arn": log.arn, "format": log.format},
            xray_tracing_enabled=True,
            opts=self._child,
        )
        aws.apigateway.MethodSettings(
            f"{self._name}-throttle",
            rest_api=api.id,
            stage_name=stage.stage_name,
            method_path="*/*",
            settings={
                "throttling_rate_limit": settings.stage_throttle.rate,
                "throttling_burst_limit": settings.stage_throttle.burst,
            },
            opts=self._child,
        )
        return stage


def _body(args: ApiArgs) -> pulumi.Output[str]:
    invoke_arns = {route.operation: args.functions[route.function].invoke_arn for route in ROUTES}
    access, origins = args.settings.access, args.settings.cors_origins

    def write(known: Any) -> str:
        return json.dumps(gateway_document(known["operations"], known["others"], access, origins))

    return pulumi.Output.all(operations=pulumi.Output.all(**invoke_arns), others=args.others.invoke_arn).apply(write)


def _stage_variables(settings: ApiSettings) -> dict[str, str] | None:
    origins = ",".join(settings.cors_origins).replace("*", cors.ANY)
    return {cors.STAGE_VARIABLE: origins} if origins else None
