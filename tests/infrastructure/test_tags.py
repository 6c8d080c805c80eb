"""Every resource that AWS can tag has the tags of its stack."""

from pathlib import Path

from tests.infrastructure.recording import run
from tests.infrastructure.stages import every_resource

OWN = {"cost-center": "4711", "owner": "team tasks"}
# Types of the program that AWS cannot tag, each a part of another resource, or one of an account's settings.
UNTAGGED = {
    "aws:apigateway/basePathMapping:BasePathMapping",
    "aws:apigateway/account:Account",
    "aws:apigateway/deployment:Deployment",
    "aws:apigateway/methodSettings:MethodSettings",
    "aws:apigateway/usagePlanKey:UsagePlanKey",
    "aws:cloudwatch/dashboard:Dashboard",
    "aws:cloudwatch/eventTarget:EventTarget",
    "aws:cloudwatch/queryDefinition:QueryDefinition",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:lambda/alias:Alias",
    "aws:lambda/layerVersion:LayerVersion",
    "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig",
    "aws:lambda/permission:Permission",
    "aws:sns/topicPolicy:TopicPolicy",
    "aws:sns/topicSubscription:TopicSubscription",
    "aws:sqs/queuePolicy:QueuePolicy",
    "aws:wafv2/webAclAssociation:WebAclAssociation",
}


def test_every_resource_that_can_be_tagged_says_whose_it_is() -> None:
    resources = every_resource()
    untagged = {one.type for one in resources.values() if one.tags is None and one.type.startswith("aws:")}
    assert untagged == UNTAGGED, "either it gets tags, or AWS has none for it"
    for path, one in resources.items():
        if tags := one.tags:
            stage = path.split("/")[0].replace("everything", "prod")
            assert tags.items() >= {"project": "taskline", "stage": stage, "managed-by": "pulumi"}.items(), path


def test_a_stage_adds_its_own(layer: Path) -> None:
    tagged = [one for one in run("dev", layer, tags=OWN) if one.tags is not None]
    assert len(tagged) > 60
    assert all((one.tags or {}).items() >= OWN.items() for one in tagged)
