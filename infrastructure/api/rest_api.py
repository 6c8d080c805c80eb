"""The REST API: created from the OpenAPI document, with the function that serves each operation."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from functions.api import cors
from functions.api.routes import ROUTES
from infrastructure.api.access_log import AccessLog, AccessLogArgs
from infrastructure.api.document import gateway_document
from infrastructure.api.domain import Domain, DomainArgs
from infrastructure.api.firewall import Firewall, FirewallArgs
from infrastructure.api.usage_plan import UsagePlan, UsagePlanArgs
from infrastructure.blocks.component import Component
from infrastructure.blocks.location import Location
from infrastructure.blocks.refs import ApiRef, FunctionRef
from infrastructure.settings.api import ApiSettings

STAGE = "v1"
FUNCTION_TIMEOUT_SECONDS = 28  # the gateway itself waits for 29
# A smaller response fits into one packet: compressing it is not worth the time.
MINIMUM_COMPRESSION_BYTES = 1024


@dataclass(frozen=True, kw_only=True)
class ApiArgs:
    """`functions` serve the API's routes, `others` serves preflights and 405.

    References, not components: API Gateway needs ARNs, and one of the functions belongs to another room.
    """

    location: Location
    settings: ApiSettings
    log_retention_days: int
    functions: tuple[FunctionRef, ...]
    others: FunctionRef


class Api(Component):
    """The REST API with its stage `v1`. Public: `ref`."""

    ref: ApiRef

    def __init__(self, name: str, args: ApiArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:api:Api", name, opts)
        self._name, self._args = name, args
        body, physical_name = _body(args), args.location.name(name)
        api = aws.apigateway.RestApi(
            f"{name}-rest-api",
            name=physical_name,
            body=body,
            endpoint_configuration={"types": "REGIONAL"},
            # The stage's own address would be a way around the domain's floor for TLS.
            disable_execute_api_endpoint=True if args.settings.domain else None,
            minimum_compression_size=str(MINIMUM_COMPRESSION_BYTES),
            opts=self._child,
        )
        log = self._access_log()
        stage = self._stage(api, self._deployment(api, body), log)
        plan = self._usage_plan(api, stage)
        if args.settings.firewall != "none":
            self._firewall(stage, blocks=args.settings.firewall == "block")
        domain = self._domain(api, stage)
        self.ref = ApiRef(
            name=physical_name,
            stage=STAGE,
            url=domain.url if domain else stage.invoke_url,
            key_ids=plan.key_ids,
            log_group=log.group,
            domain_target=domain.target if domain else None,
        )
        self.register_outputs({"url": self.ref.url})

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
                f"{self._name}-{function.service}-permission",
                action="lambda:InvokeFunction",
                principal="apigateway.amazonaws.com",
                function=function.name,
                qualifier=function.alias,
                source_arn=pulumi.Output.concat(api.execution_arn, f"/{STAGE}/*"),
                opts=self._child,
            )
            for function in self._args.functions
        ]

    def _access_log(self) -> AccessLog:
        args = AccessLogArgs(
            location=self._args.location,
            retention_days=self._args.log_retention_days,
            account_role=self._args.settings.account_log_role,
            firewall=self._args.settings.firewall != "none",
        )
        return AccessLog(f"{self._name}-access", args, opts=self._child)

    def _stage(
        self, api: aws.apigateway.RestApi, deployment: aws.apigateway.Deployment, log: AccessLog
    ) -> aws.apigateway.Stage:
        settings = self._args.settings
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
        self._throttle(api, stage)
        return stage

    def _throttle(self, api: aws.apigateway.RestApi, stage: aws.apigateway.Stage) -> None:
        throttle = self._args.settings.stage_throttle
        aws.apigateway.MethodSettings(
            f"{self._name}-throttle",
            rest_api=api.id,
            stage_name=stage.stage_name,
            method_path="*/*",
            settings={"throttling_rate_limit": throttle.rate, "throttling_burst_limit": throttle.burst},
            opts=self._child,
        )

    def _firewall(self, stage: aws.apigateway.Stage, *, blocks: bool) -> None:
        args = FirewallArgs(location=self._args.location, stage_arn=stage.arn, blocks=blocks)
        Firewall(f"{self._name}-firewall", args, opts=self._child)

    def _domain(self, api: aws.apigateway.RestApi, stage: aws.apigateway.Stage) -> Domain | None:
        settings = self._args.settings.domain
        if not settings:
            return None
        args = DomainArgs(settings=settings, api_id=api.id, stage_name=stage.stage_name)
        return Domain(f"{self._name}-domain", args, opts=self._child)

    def _usage_plan(self, api: aws.apigateway.RestApi, stage: aws.apigateway.Stage) -> UsagePlan:
        settings = self._args.settings
        args = UsagePlanArgs(
            location=self._args.location,
            api_id=api.id,
            stage_name=stage.stage_name,
            clients=settings.clients,
            throttle=settings.key_throttle,
            quota_per_day=settings.key_quota_per_day,
        )
        return UsagePlan(f"{self._name}-usage", args, opts=self._child)


def _body(args: ApiArgs) -> pulumi.Output[str]:
    served_by = {function.service: function.invoke_arn for function in args.functions}
    invoke_arns = {route.operation: served_by[route.function] for route in ROUTES}
    settings = args.settings

    def write(known: Any) -> str:
        document = gateway_document(
            known["operations"],
            known["others"],
            settings.access,
            settings.cors_origins,
            settings.allowed_addresses,
            settings.tokens.user_pools,
            settings.tokens.scopes,
        )
        return json.dumps(document)

    return pulumi.Output.all(operations=pulumi.Output.all(**invoke_arns), others=args.others.invoke_arn).apply(write)


def _stage_variables(settings: ApiSettings) -> dict[str, str] | None:
    origins = ",".join(settings.cors_origins).replace("*", cors.ANY)
    return {cors.STAGE_VARIABLE: origins} if origins else None
