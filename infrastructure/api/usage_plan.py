"""API keys, one per client, and their limits."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infrastructure.blocks.component import Component
from infrastructure.blocks.location import Location
from infrastructure.settings.api import Throttle


@dataclass(frozen=True, kw_only=True)
class UsagePlanArgs:
    """The limits of each key; a `quota_per_day` of 0 sets none. The keys are for one stage of one API."""

    location: Location
    api_id: pulumi.Input[str]
    stage_name: pulumi.Input[str]
    clients: tuple[str, ...]
    throttle: Throttle
    quota_per_day: int


class UsagePlan(Component):
    """Public: `key_ids` by client. AWS generates a key's value, which is a secret: the program never holds it."""

    key_ids: pulumi.Output[dict[str, str]]

    def __init__(self, name: str, args: UsagePlanArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:api:UsagePlan", name, opts)
        child = self._child
        plan = aws.apigateway.UsagePlan(
            f"{name}-plan",
            name=args.location.name(name),
            api_stages=[{"api_id": args.api_id, "stage": args.stage_name}],
            throttle_settings={"rate_limit": args.throttle.rate, "burst_limit": args.throttle.burst},
            quota_settings={"limit": args.quota_per_day, "period": "DAY"} if args.quota_per_day else None,
            opts=child,
        )
        ids: dict[str, pulumi.Output[str]] = {}
        for client in args.clients:
            key = aws.apigateway.ApiKey(
                f"{name}-{client}-key", name=args.location.name(f"client-{client}"), opts=child
            )
            aws.apigateway.UsagePlanKey(
                f"{name}-{client}-member", usage_plan_id=plan.id, key_id=key.id, key_type="API_KEY", opts=child
            )
            ids[client] = key.id
        self.key_ids = pulumi.Output.all(**ids).apply(
            lambda known: {str(name): str(key) for name, key in known.items()}
        )
        self.register_outputs({"key_ids": self.key_ids})
