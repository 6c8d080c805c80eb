"""What Pulumi's provider calls to create, read, change and delete each type of resource that the program has.

The provider is made from Terraform's: https://github.com/hashicorp/terraform-provider-aws, in
`internal/service/<service>/`. Which resource an action knows stands in AWS's reference:
https://docs.aws.amazon.com/service-authorization/. Patterns begin after `arn:<partition>:`; `{prefix}` is
`taskline-<stage>`. A type without a row fails the tests, and so does a row without a type.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Need:
    """Actions of a service on resources. `why` says why the resources are all of a kind, where they are.

    `condition` has the placeholders of the patterns.
    """

    actions: tuple[str, ...]
    on: tuple[str, ...]
    why: str = ""
    condition: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])


def _need(service: str, actions: str, *on: str, why: str = "", condition: Mapping[str, Any] | None = None) -> Need:
    return Need(tuple(f"{service}:{name}" for name in actions.split()), on, why, condition or {})


_FUNCTION = "lambda:{region}:{account}:function:{prefix}-*"
_LAYER = "lambda:{region}:{account}:layer:{prefix}-*"
_ALARM = "cloudwatch:{region}:{account}:alarm:{prefix}-*"
_TOPIC = "sns:{region}:{account}:{prefix}-*"
_QUEUE = "sqs:{region}:{account}:{prefix}-*"
_ROLE = ("iam::{account}:role/{prefix}-*", "iam::{account}:role/taskline-gateway-logs-*")
_LOG_GROUPS = (
    "logs:{region}:{account}:log-group:/aws/lambda/{prefix}-*",
    "logs:{region}:{account}:log-group:/aws/apigateway/{prefix}-*",
    "logs:{region}:{account}:log-group:/aws/vendedlogs/states/{prefix}-*",
    "logs:{region}:{account}:log-group:/aws/vendedlogs/pipes/{prefix}-*",
)
_BOUNDED = {"StringEquals": {"iam:PermissionsBoundary": "{boundary}"}}
_BY_ID = "API Gateway chooses its own ids, which are not known in advance"
_TAGS = "/tags/*"  # of API Gateway's resources, whose tags have paths of their own
_NO_OTHER = "AWS knows no narrower resource for it"

# A service that has its logs delivered asks whether its caller may set that up.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html
_LOG_DELIVERY = (
    _need(
        "logs",
        "CreateLogDelivery GetLogDelivery UpdateLogDelivery DeleteLogDelivery ListLogDeliveries PutResourcePolicy "
        "DescribeResourcePolicies",
        "*",
        why=_NO_OTHER,
    ),
)


def _gateway(*paths: str, verbs: str = "GET POST PUT PATCH DELETE") -> tuple[Need, ...]:
    return (_need("apigateway", verbs, *(f"apigateway:{{region}}::{path}" for path in paths), why=_BY_ID),)


ROWS: Mapping[str, tuple[Need, ...]] = {
    "aws:apigateway/account:Account": _gateway("/account", verbs="GET PATCH"),
    "aws:apigateway/apiKey:ApiKey": _gateway("/apikeys", "/apikeys/*", _TAGS),
    "aws:apigateway/basePathMapping:BasePathMapping": _gateway("/domainnames/*"),
    "aws:apigateway/deployment:Deployment": _gateway("/restapis/*"),
    "aws:apigateway/domainName:DomainName": _gateway("/domainnames", "/domainnames/*", _TAGS),
    "aws:apigateway/methodSettings:MethodSettings": _gateway("/restapis/*"),
    "aws:apigateway/restApi:RestApi": (
        *_gateway("/restapis", "/restapis/*", _TAGS),
        _need("apigateway", "UpdateRestApiPolicy", "apigateway:{region}::/restapis/*", why=_BY_ID),
    ),
    "aws:apigateway/stage:Stage": _gateway("/restapis/*"),
    "aws:apigateway/usagePlan:UsagePlan": _gateway("/usageplans", "/usageplans/*", _TAGS),
    "aws:apigateway/usagePlanKey:UsagePlanKey": _gateway("/usageplans/*"),
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": (
        _need("cloudwatch", "DeleteAlarms ListTagsForResource TagResource UntagResource", _ALARM),
        _need(
            "cloudwatch",
            "PutCompositeAlarm DescribeAlarms",
            "*",
            why="a narrower permission is refused for composite alarms",
        ),
    ),
    "aws:cloudwatch/dashboard:Dashboard": (
        _need("cloudwatch", "PutDashboard GetDashboard DeleteDashboards", "cloudwatch::{account}:dashboard/{prefix}*"),
    ),
    "aws:cloudwatch/eventRule:EventRule": (
        _need(
            "events",
            "PutRule DescribeRule DeleteRule ListTagsForResource TagResource UntagResource",
            "events:{region}:{account}:rule/{prefix}-*",
        ),
    ),
    "aws:cloudwatch/eventTarget:EventTarget": (
        _need("events", "PutTargets RemoveTargets ListTargetsByRule", "events:{region}:{account}:rule/{prefix}-*"),
    ),
    "aws:cloudwatch/logGroup:LogGroup": (
        _need(
            "logs",
            "CreateLogGroup DeleteLogGroup PutRetentionPolicy DeleteRetentionPolicy AssociateKmsKey "
            "DisassociateKmsKey ListTagsForResource TagResource UntagResource",
            *_LOG_GROUPS,
        ),
        _need(
            "logs",
            "DescribeLogGroups",
            "*",
            why=_NO_OTHER,
        ),
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": (
        _need("cloudwatch", "PutMetricAlarm DeleteAlarms ListTagsForResource TagResource UntagResource", _ALARM),
        _need("cloudwatch", "DescribeAlarms", "*", why="a narrower permission is refused for composite alarms"),
    ),
    "aws:cloudwatch/queryDefinition:QueryDefinition": (
        _need("logs", "PutQueryDefinition DeleteQueryDefinition DescribeQueryDefinitions", "*", why=_NO_OTHER),
    ),
    "aws:dynamodb/table:Table": (
        _need(
            "dynamodb",
            "CreateTable DeleteTable DescribeTable UpdateTable DescribeContinuousBackups UpdateContinuousBackups "
            "DescribeTimeToLive UpdateTimeToLive ListTagsOfResource TagResource UntagResource",
            "dynamodb:{region}:{account}:table/{prefix}-*",
        ),
    ),
    "aws:iam/role:Role": (
        _need("iam", "CreateRole PutRolePermissionsBoundary", *_ROLE, condition=_BOUNDED),
        _need(
            "iam",
            "GetRole DeleteRole UpdateRole UpdateAssumeRolePolicy TagRole UntagRole ListRoleTags ListRolePolicies "
            "ListAttachedRolePolicies ListInstanceProfilesForRole",
            *_ROLE,
        ),
        _need(
            "iam",
            "PassRole",
            *_ROLE,
            condition={
                "StringEquals": {
                    "iam:PassedToService": [
                        *("lambda.amazonaws.com", "states.amazonaws.com", "pipes.amazonaws.com"),
                        "apigateway.amazonaws.com",
                    ]
                }
            },
        ),
    ),
    "aws:iam/rolePolicy:RolePolicy": (
        _need("iam", "PutRolePolicy DeleteRolePolicy", *_ROLE, condition=_BOUNDED),
        _need("iam", "GetRolePolicy", *_ROLE),
    ),
    "aws:lambda/alias:Alias": (_need("lambda", "CreateAlias GetAlias UpdateAlias DeleteAlias", _FUNCTION),),
    "aws:lambda/eventSourceMapping:EventSourceMapping": (
        _need(
            "lambda",
            "CreateEventSourceMapping",
            "*",
            why="it has no id yet; the function that it calls is one of the stage",
            condition={"ArnLike": {"lambda:FunctionArn": f"arn:*:{_FUNCTION}"}},
        ),
        _need(
            "lambda",
            "GetEventSourceMapping UpdateEventSourceMapping DeleteEventSourceMapping ListTags TagResource "
            "UntagResource",
            "lambda:{region}:{account}:event-source-mapping:*",
            why="the id of a mapping is not known in advance",
        ),
    ),
    "aws:lambda/function:Function": (
        _need(
            "lambda",
            "CreateFunction DeleteFunction GetFunction GetFunctionConfiguration GetFunctionCodeSigningConfig "
            "UpdateFunctionCode UpdateFunctionConfiguration PublishVersion ListVersionsByFunction "
            "PutFunctionConcurrency GetFunctionConcurrency DeleteFunctionConcurrency ListTags TagResource "
            "UntagResource",
            _FUNCTION,
        ),
        _need("lambda", "GetLayerVersion", f"{_LAYER}"),
    ),
    "aws:lambda/layerVersion:LayerVersion": (
        _need("lambda", "PublishLayerVersion GetLayerVersion DeleteLayerVersion", _LAYER),
    ),
    "aws:lambda/permission:Permission": (_need("lambda", "AddPermission RemovePermission GetPolicy", _FUNCTION),),
    "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig": (
        _need(
            "lambda",
            "PutProvisionedConcurrencyConfig GetProvisionedConcurrencyConfig DeleteProvisionedConcurrencyConfig",
            _FUNCTION,
        ),
    ),
    "aws:pipes/pipe:Pipe": (
        _need(
            "pipes",
            "CreatePipe DescribePipe UpdatePipe DeletePipe ListTagsForResource TagResource UntagResource",
            "pipes:{region}:{account}:pipe/{prefix}-*",
        ),
        *_LOG_DELIVERY,
    ),
    "aws:sfn/stateMachine:StateMachine": (
        _need(
            "states",
            "CreateStateMachine DescribeStateMachine UpdateStateMachine DeleteStateMachine ListStateMachineVersions "
            "ListTagsForResource TagResource UntagResource",
            "states:{region}:{account}:stateMachine:{prefix}-*",
        ),
        _need("states", "ValidateStateMachineDefinition", "*", why=_NO_OTHER),
        *_LOG_DELIVERY,
    ),
    "aws:sns/topic:Topic": (
        _need(
            "sns",
            "CreateTopic DeleteTopic GetTopicAttributes SetTopicAttributes ListTagsForResource TagResource "
            "UntagResource",
            _TOPIC,
        ),
    ),
    "aws:sns/topicPolicy:TopicPolicy": (_need("sns", "GetTopicAttributes SetTopicAttributes", _TOPIC),),
    "aws:sns/topicSubscription:TopicSubscription": (
        _need("sns", "Subscribe", _TOPIC),
        _need("sns", "GetSubscriptionAttributes SetSubscriptionAttributes Unsubscribe", "*", why=_NO_OTHER),
    ),
    "aws:sqs/queue:Queue": (
        _need(
            "sqs",
            "CreateQueue DeleteQueue GetQueueUrl GetQueueAttributes SetQueueAttributes ListQueueTags TagQueue "
            "UntagQueue",
            _QUEUE,
        ),
    ),
    "aws:sqs/queuePolicy:QueuePolicy": (_need("sqs", "GetQueueAttributes SetQueueAttributes", _QUEUE),),
    "aws:ssm/parameter:Parameter": (
        _need(
            "ssm",
            "PutParameter GetParameter GetParameters GetParametersByPath DeleteParameter ListTagsForResource "
            "AddTagsToResource RemoveTagsFromResource",
            "ssm:{region}:{account}:parameter/{prefix}-*",
            "ssm:{region}:{account}:parameter/{prefix}/*",
            "ssm:{region}:{account}:parameter/taskline/{stage}/*",
        ),
        _need("ssm", "DescribeParameters", "*", why=_NO_OTHER),
    ),
    "aws:wafv2/webAcl:WebAcl": (
        _need(
            "wafv2",
            "CreateWebACL GetWebACL UpdateWebACL DeleteWebACL ListTagsForResource TagResource UntagResource",
            "wafv2:{region}:{account}:regional/webacl/{prefix}-*",
        ),
        _need(
            "wafv2",
            "CreateWebACL UpdateWebACL",
            "wafv2:{region}:{account}:regional/managedruleset/*",
            why="the rules are AWS's own",
        ),
    ),
    "aws:wafv2/webAclAssociation:WebAclAssociation": (
        _need(
            "wafv2",
            "AssociateWebACL GetWebACLForResource",
            "wafv2:{region}:{account}:regional/webacl/{prefix}-*",
            "apigateway:{region}::/restapis/*",
            why=_BY_ID,
        ),
        _need("wafv2", "DisassociateWebACL", "apigateway:{region}::/restapis/*", why=_BY_ID),
        _need("apigateway", "SetWebACL", "apigateway:{region}::/restapis/*", why=_BY_ID),
    ),
    "aws:xray/samplingRule:SamplingRule": (
        _need(
            "xray",
            "CreateSamplingRule UpdateSamplingRule DeleteSamplingRule ListTagsForResource TagResource UntagResource",
            "xray:{region}:{account}:sampling-rule/*",
            why="a rule's name is cut where it is too long for X-Ray",
        ),
        _need("xray", "GetSamplingRules", "*", why=_NO_OTHER),
    ),
}
