"""A name of one's own for the API, with a certificate and a floor for TLS."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infrastructure.blocks.component import Component
from infrastructure.settings.domain import DomainSettings

# The strictest policy that a regional REST API's domain has had from the start: TLS 1.2 and 1.3, nothing older.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-custom-domain-tls-version.html
TLS_POLICY = "TLS_1_2"


@dataclass(frozen=True, kw_only=True)
class DomainArgs:
    """The stage of the API that the domain serves, below the path that is the stage's name."""

    settings: DomainSettings
    api_id: pulumi.Input[str]
    stage_name: pulumi.Input[str]


class Domain(Component):
    """Public: `url` of the API, without a slash at its end, and `target`, to which a DNS record has to point."""

    url: pulumi.Output[str]
    target: pulumi.Output[str]

    def __init__(self, name: str, args: DomainArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:api:Domain", name, opts)
        domain = aws.apigateway.DomainName(
            f"{name}-name",
            domain_name=args.settings.name,
            regional_certificate_arn=args.settings.certificate_arn,
            security_policy=TLS_POLICY,
            endpoint_configuration={"types": "REGIONAL"},
            opts=self._child,
        )
        mapping = aws.apigateway.BasePathMapping(
            f"{name}-mapping",
            domain_name=domain.domain_name,
            rest_api=args.api_id,
            stage_name=args.stage_name,
            base_path=args.stage_name,
            opts=self._child,
        )
        path = mapping.base_path.apply(str)  # known when the mapping exists
        self.url = pulumi.Output.concat("https://", domain.domain_name, "/", path)
        self.target = domain.regional_domain_name
        self.register_outputs({"url": self.url})
