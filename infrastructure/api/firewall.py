"""A web ACL in front of the API: AWS's managed common rules."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infrastructure.blocks.component import Component
from infrastructure.blocks.location import Location

_RULES = "AWSManagedRulesCommonRuleSet"
# It blocks bodies over 8 KB, and tasks may be larger. It only counts here: the validator has its own limit.
_COUNTED = "SizeRestrictions_BODY"


@dataclass(frozen=True, kw_only=True)
class FirewallArgs:
    """`stage_arn` is the stage that it protects. Without `blocks` it only counts what it would block."""

    location: Location
    blocks: bool
    stage_arn: pulumi.Input[str]


class Firewall(Component):
    """The web ACL, associated with the stage."""

    def __init__(self, name: str, args: FirewallArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:api:Firewall", name, opts)
        child = self._child
        acl = aws.wafv2.WebAcl(
            f"{name}-acl",
            name=args.location.name(name),
            scope="REGIONAL",
            default_action={"allow": {}},
            rules=[_common_rules(args.blocks)],
            visibility_config=_visibility(args.location.name(name)),
            opts=child,
        )
        aws.wafv2.WebAclAssociation(
            f"{name}-association", resource_arn=args.stage_arn, web_acl_arn=acl.arn, opts=child
        )
        self.register_outputs({"arn": acl.arn})


def _common_rules(blocks: bool) -> Any:
    group: dict[str, Any] = {
        "vendor_name": "AWS",
        "name": _RULES,
        "rule_action_overrides": [{"name": _COUNTED, "action_to_use": {"count": {}}}],
    }
    return {
        "name": _RULES,
        "priority": 0,
        "override_action": {"none" if blocks else "count": {}},
        "statement": {"managed_rule_group_statement": group},
        "visibility_config": _visibility(_RULES),
    }


def _visibility(metric: str) -> Any:
    # Samples would store clients' requests for three hours.
    return {"cloudwatch_metrics_enabled": True, "metric_name": metric, "sampled_requests_enabled": False}
