"""Which changed properties force a replacement, as Pulumi's AWS provider decides it.

Pulumi's provider is made from Terraform's, which marks a property with `ForceNew` in the schema of its resource:
https://github.com/hashicorp/terraform-provider-aws, `internal/service/<service>/<resource>.go`. The names here are
Pulumi's. For each type that the program uses, these are all properties with that mark which Pulumi has as inputs, not
only those that the program sets. `region` is marked for every type. A type that is missing here fails the tests.
"""

from collections.abc import Mapping

_NAME = frozenset({"name", "namePrefix"})
FOR_EVERY_TYPE = frozenset({"region"})

FORCES: Mapping[str, frozenset[str]] = {
    "aws:apigateway/account:Account": frozenset(),
    "aws:apigateway/apiKey:ApiKey": frozenset({"name", "value"}),
    "aws:apigateway/basePathMapping:BasePathMapping": frozenset({"domainName", "domainNameId"}),
    "aws:apigateway/domainName:DomainName": frozenset(
        {"domainName", "certificateBody", "certificateChain", "certificatePrivateKey"}
    ),
    "aws:apigateway/deployment:Deployment": frozenset({"restApi", "triggers", "variables"}),
    "aws:apigateway/methodSettings:MethodSettings": frozenset({"restApi", "stageName", "methodPath"}),
    "aws:apigateway/restApi:RestApi": frozenset(),
    "aws:apigateway/stage:Stage": frozenset({"restApi", "stageName"}),
    "aws:apigateway/usagePlan:UsagePlan": frozenset(),
    "aws:apigateway/usagePlanKey:UsagePlanKey": frozenset({"keyId", "keyType", "usagePlanId"}),
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": frozenset({"alarmName", "actionsEnabled"}),
    "aws:cloudwatch/dashboard:Dashboard": frozenset({"dashboardName"}),
    "aws:cloudwatch/eventRule:EventRule": _NAME | {"eventBusName"},
    "aws:cloudwatch/eventTarget:EventTarget": frozenset({"rule", "eventBusName", "targetId"}),
    "aws:cloudwatch/logGroup:LogGroup": _NAME | {"logGroupClass"},
    "aws:cloudwatch/metricAlarm:MetricAlarm": frozenset({"name"}),
    "aws:cloudwatch/queryDefinition:QueryDefinition": frozenset(),
    "aws:dynamodb/table:Table": frozenset(
        {
            "name",
            "hashKey",
            "rangeKey",
            "localSecondaryIndexes",
            "importTable",
            "restoreDateTime",
            "restoreSourceName",
            "restoreSourceTableArn",
            "restoreToLatestTime",
        }
    ),
    "aws:iam/role:Role": _NAME | {"path"},
    "aws:iam/rolePolicy:RolePolicy": _NAME | {"role"},
    "aws:lambda/alias:Alias": frozenset({"name", "functionName"}),
    "aws:lambda/eventSourceMapping:EventSourceMapping": frozenset(
        {
            "eventSourceArn",
            "startingPosition",
            "startingPositionTimestamp",
            "queues",
            "topics",
            "amazonManagedKafkaEventSourceConfig",
            "selfManagedEventSource",
            "selfManagedKafkaEventSourceConfig",
        }
    ),
    "aws:lambda/function:Function": frozenset({"name", "packageType", "tenancyConfig"}),
    "aws:lambda/layerVersion:LayerVersion": frozenset(
        {
            "layerName",
            "code",
            "compatibleArchitectures",
            "compatibleRuntimes",
            "description",
            "licenseInfo",
            "s3Bucket",
            "s3Key",
            "s3ObjectVersion",
            "skipDestroy",
            "sourceCodeHash",
        }
    ),
    "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig": frozenset({"functionName", "qualifier"}),
    "aws:lambda/permission:Permission": frozenset(
        {
            "action",
            "eventSourceToken",
            "function",
            "functionUrlAuthType",
            "principal",
            "principalOrgId",
            "qualifier",
            "sourceAccount",
            "sourceArn",
            "statementId",
            "statementIdPrefix",
        }
    ),
    "aws:pipes/pipe:Pipe": _NAME | {"source"},
    "aws:sfn/stateMachine:StateMachine": _NAME | {"type"},
    "aws:sns/topic:Topic": _NAME | {"fifoTopic"},
    "aws:sns/topicPolicy:TopicPolicy": frozenset({"arn"}),
    "aws:sns/topicSubscription:TopicSubscription": frozenset({"topic", "protocol", "endpoint"}),
    "aws:sqs/queue:Queue": _NAME | {"fifoQueue"},
    "aws:sqs/queuePolicy:QueuePolicy": frozenset({"queueUrl"}),
    "aws:ssm/parameter:Parameter": frozenset({"name", "dataType"}),
    "aws:xray/samplingRule:SamplingRule": frozenset({"ruleName"}),
    "aws:wafv2/webAcl:WebAcl": _NAME | {"scope"},
    "aws:wafv2/webAclAssociation:WebAclAssociation": frozenset({"resourceArn", "webAclArn"}),
}

# What holds tasks, events or messages, or whose replacement would stop the pipeline.
NEVER_REPLACED = frozenset(
    {"aws:dynamodb/table:Table", "aws:sqs/queue:Queue", "aws:sns/topic:Topic", "aws:pipes/pipe:Pipe"}
)
