"""The calls that the provider makes for a resource: which input of which type becomes which member of which request.

An input that is in no row is an error, and so is a type without rows. What an input contains is fitted to the model of
the call (`tests/meaning/translation.py`); a function writes what is nested differently.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Member = str | Callable[[Any], Mapping[str, Any]]


@dataclass(frozen=True)
class Call:
    """One operation; `members` by input, with dots for what is inside another; `added` by the provider itself."""

    service: str
    operation: str
    members: Mapping[str, Member]
    added: Mapping[str, Any] = field(default_factory=dict[str, Any])


def same(*inputs: str) -> dict[str, Member]:
    """Members with the names of their inputs."""
    return {name: name for name in inputs}


def capital(*inputs: str, inside: str = "") -> dict[str, Member]:
    """Members with the names of their inputs, but for the first letter."""
    return {name: inside + name[0].upper() + name[1:] for name in inputs}


def replacing(path: str) -> Callable[[Any], Mapping[str, Any]]:
    """API Gateway changes what exists by paths and their new values."""
    return lambda value: {"patchOperations": [{"op": "replace", "path": path, "value": str(value)}]}


def _each_replaced(prefix: str) -> Callable[[Any], Mapping[str, Any]]:
    return lambda values: {
        "patchOperations": [
            {"op": "replace", "path": prefix + name, "value": str(one)} for name, one in values.items()
        ]
    }


def _index(given: Mapping[str, Any]) -> dict[str, Any]:
    inside = {"projectionType", "nonKeyAttributes"}
    rest = {name: value for name, value in given.items() if name not in {*inside, "name", "keySchemas"}}
    projection = {name: value for name, value in given.items() if name in inside}
    return {"IndexName": given["name"], "KeySchema": given["keySchemas"], "Projection": projection, **rest}


def _attribute(given: Mapping[str, Any]) -> dict[str, Any]:
    return {{"name": "AttributeName", "type": "AttributeType"}.get(name, name): given[name] for name in given}


def _log_destination(arn: str) -> Mapping[str, Any]:
    return {"destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}}]}


def _execution_logs(given: Mapping[str, Any]) -> Mapping[str, Any]:
    rest = {name: value for name, value in given.items() if name != "logDestination"}
    return {"loggingConfiguration": {**rest, **_log_destination(given["logDestination"])}}


def _metric_query(given: Mapping[str, Any]) -> dict[str, Any]:
    """One metric of an alarm, or the expression over others."""
    query = {"Id": given["id"]}
    if "metric" not in given:
        return {**query, **{name: given[key] for key, name in _EXPRESSION.items() if key in given}}
    metric = given["metric"]
    dimensions = [{"Name": name, "Value": value} for name, value in metric["dimensions"].items()]
    measured = {"Namespace": metric["namespace"], "MetricName": metric["metricName"], "Dimensions": dimensions}
    return {**query, "MetricStat": {"Metric": measured, "Period": metric["period"], "Stat": metric["stat"]}}


_EXPRESSION = {"expression": "Expression", "label": "Label", "returnData": "ReturnData"}
_API = {"restApi": "restApiId"}
_TABLE = {"name": "TableName"}

CALLS: Mapping[str, tuple[Call, ...]] = {
    "aws:apigateway/account:Account": (
        Call("apigateway", "UpdateAccount", {"cloudwatchRoleArn": replacing("/cloudwatchRoleArn")}),
    ),
    "aws:apigateway/apiKey:ApiKey": (Call("apigateway", "CreateApiKey", same("name", "description")),),
    "aws:apigateway/basePathMapping:BasePathMapping": (
        Call("apigateway", "CreateBasePathMapping", {**_API, **same("domainName", "basePath"), "stageName": "stage"}),
    ),
    "aws:apigateway/domainName:DomainName": (
        Call(
            "apigateway",
            "CreateDomainName",
            same("domainName", "regionalCertificateArn", "securityPolicy", "endpointConfiguration"),
        ),
    ),
    "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig": (
        Call(
            "lambda",
            "PutProvisionedConcurrencyConfig",
            capital("functionName", "qualifier", "provisionedConcurrentExecutions"),
        ),
    ),
    "aws:apigateway/deployment:Deployment": (Call("apigateway", "CreateDeployment", _API),),
    "aws:apigateway/methodSettings:MethodSettings": (
        Call(
            "apigateway",
            "UpdateStage",
            {**_API, **same("stageName"), "settings": _each_replaced("/*/*/throttling/")},
        ),
    ),
    "aws:apigateway/restApi:RestApi": (
        Call(
            "apigateway",
            "CreateRestApi",
            same("name", "endpointConfiguration", "minimumCompressionSize", "disableExecuteApiEndpoint"),
        ),
        Call("apigateway", "PutRestApi", same("body"), {"restApiId": "a1b2c3d4e5"}),
    ),
    "aws:apigateway/stage:Stage": (
        Call(
            "apigateway",
            "CreateStage",
            {
                **_API,
                "deployment": "deploymentId",
                **same("stageName", "variables"),
                "xrayTracingEnabled": "tracingEnabled",
            },
        ),
        Call(
            "apigateway",
            "UpdateStage",
            {**_API, **same("stageName"), "accessLogSettings": _each_replaced("/accessLogSettings/")},
        ),
    ),
    "aws:apigateway/usagePlan:UsagePlan": (
        Call(
            "apigateway",
            "CreateUsagePlan",
            {**same("name", "apiStages"), "throttleSettings": "throttle", "quotaSettings": "quota"},
        ),
    ),
    "aws:apigateway/usagePlanKey:UsagePlanKey": (
        Call("apigateway", "CreateUsagePlanKey", same("usagePlanId", "keyId", "keyType")),
    ),
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": (
        Call(
            "cloudwatch",
            "PutCompositeAlarm",
            {**capital("alarmName", "alarmDescription", "alarmRule", "alarmActions"), "okActions": "OKActions"},
        ),
    ),
    "aws:cloudwatch/dashboard:Dashboard": (
        Call("cloudwatch", "PutDashboard", capital("dashboardName", "dashboardBody")),
    ),
    "aws:cloudwatch/eventRule:EventRule": (
        Call("events", "PutRule", capital("name", "description", "scheduleExpression")),
    ),
    "aws:cloudwatch/eventTarget:EventTarget": (
        Call(
            "events",
            "PutTargets",
            {"rule": "Rule", "arn": lambda arn: {"Targets": [{"Id": "made-by-the-provider", "Arn": arn}]}},
        ),
    ),
    "aws:cloudwatch/logGroup:LogGroup": (
        Call("logs", "CreateLogGroup", {"name": "logGroupName", **same("kmsKeyId")}),
        Call("logs", "PutRetentionPolicy", {"name": "logGroupName", **same("retentionInDays")}),
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": (
        Call(
            "cloudwatch",
            "PutMetricAlarm",
            {
                "name": "AlarmName",
                **capital("alarmDescription", "alarmActions", "insufficientDataActions", "namespace", "metricName"),
                **capital("statistic", "period", "evaluationPeriods", "threshold", "comparisonOperator"),
                **capital("treatMissingData"),
                "okActions": "OKActions",
                "metricQueries": lambda given: {"Metrics": [_metric_query(one) for one in given]},
                "dimensions": lambda given: {"Dimensions": [{"Name": n, "Value": v} for n, v in given.items()]},
            },
        ),
    ),
    "aws:cloudwatch/queryDefinition:QueryDefinition": (
        Call("logs", "PutQueryDefinition", same("name", "queryString", "logGroupNames")),
    ),
    "aws:dynamodb/table:Table": (
        Call(
            "dynamodb",
            "CreateTable",
            {
                **_TABLE,
                **capital("billingMode", "deletionProtectionEnabled"),
                "hashKey": lambda key: {"KeySchema": [{"AttributeName": key, "KeyType": "HASH"}]},
                "rangeKey": lambda key: {"KeySchema": [{"AttributeName": key, "KeyType": "RANGE"}]},
                "attributes": lambda given: {"AttributeDefinitions": [_attribute(one) for one in given]},
                "globalSecondaryIndexes": lambda given: {"GlobalSecondaryIndexes": [_index(one) for one in given]},
                "serverSideEncryption": lambda given: {
                    "SSESpecification": {
                        "Enabled": given["enabled"],
                        "SSEType": "KMS",
                        "KMSMasterKeyId": given["kmsKeyArn"],
                    }
                },
                **capital("streamEnabled", "streamViewType", inside="StreamSpecification."),
            },
        ),
        Call("dynamodb", "UpdateTimeToLive", {**_TABLE, "ttl": "TimeToLiveSpecification"}),
        Call(
            "dynamodb",
            "UpdateContinuousBackups",
            {
                **_TABLE,
                "pointInTimeRecovery": lambda given: {
                    "PointInTimeRecoverySpecification": {
                        {"enabled": "PointInTimeRecoveryEnabled"}.get(name, name): given[name] for name in given
                    }
                },
            },
        ),
    ),
    "aws:iam/role:Role": (
        Call(
            "iam",
            "CreateRole",
            {
                "name": "RoleName",
                "namePrefix": lambda prefix: {"RoleName": prefix + "20261127000000000000000001"},
                "assumeRolePolicy": "AssumeRolePolicyDocument",
                "permissionsBoundary": "PermissionsBoundary",
            },
        ),
    ),
    "aws:iam/rolePolicy:RolePolicy": (
        Call("iam", "PutRolePolicy", {"name": "PolicyName", "role": "RoleName", "policy": "PolicyDocument"}),
    ),
    "aws:lambda/alias:Alias": (Call("lambda", "CreateAlias", capital("functionName", "functionVersion", "name")),),
    "aws:lambda/eventSourceMapping:EventSourceMapping": (
        Call(
            "lambda",
            "CreateEventSourceMapping",
            {
                **capital("batchSize", "bisectBatchOnFunctionError", "eventSourceArn", "functionName"),
                **capital("functionResponseTypes", "maximumRecordAgeInSeconds", "maximumRetryAttempts"),
                **capital("parallelizationFactor", "scalingConfig", "startingPosition"),
                **capital("maximumBatchingWindowInSeconds", "tumblingWindowInSeconds"),
                "destinationConfig": lambda given: {
                    "DestinationConfig": {name: {"Destination": one["destinationArn"]} for name, one in given.items()}
                },
            },
        ),
    ),
    "aws:lambda/function:Function": (
        Call(
            "lambda",
            "CreateFunction",
            {
                "name": "FunctionName",
                "code": "Code.ZipFile",
                **capital("architectures", "environment", "handler", "layers", "memorySize", "role", "runtime"),
                **capital("loggingConfig", "publish", "timeout", "tracingConfig"),
            },
        ),
        Call(
            "lambda",
            "PutFunctionConcurrency",
            {"name": "FunctionName", **capital("reservedConcurrentExecutions")},
        ),
    ),
    "aws:lambda/layerVersion:LayerVersion": (
        Call(
            "lambda",
            "PublishLayerVersion",
            {"code": "Content.ZipFile", **capital("compatibleArchitectures", "compatibleRuntimes", "layerName")},
        ),
    ),
    "aws:lambda/permission:Permission": (
        Call(
            "lambda",
            "AddPermission",
            {"function": "FunctionName", **capital("action", "principal", "qualifier", "sourceArn")},
            {"StatementId": "made-by-the-provider"},
        ),
    ),
    "aws:pipes/pipe:Pipe": (
        Call(
            "pipes",
            "CreatePipe",
            capital(
                *("logConfiguration", "name", "roleArn", "source", "sourceParameters", "target", "targetParameters"),
                "desiredState",
            ),
        ),
    ),
    "aws:sfn/stateMachine:StateMachine": (
        Call(
            "stepfunctions",
            "CreateStateMachine",
            {
                **same("definition", "name", "roleArn", "tracingConfiguration", "type"),
                "loggingConfiguration": _execution_logs,
            },
        ),
    ),
    "aws:sns/topic:Topic": (
        Call("sns", "CreateTopic", {"name": "Name", **capital("kmsMasterKeyId", inside="Attributes.")}),
    ),
    "aws:sns/topicPolicy:TopicPolicy": (
        Call(
            "sns", "SetTopicAttributes", {"arn": "TopicArn", "policy": "AttributeValue"}, {"AttributeName": "Policy"}
        ),
    ),
    "aws:sns/topicSubscription:TopicSubscription": (
        Call(
            "sns",
            "Subscribe",
            {
                "topic": "TopicArn",
                **capital("endpoint", "protocol"),
                **capital("filterPolicy", "rawMessageDelivery", inside="Attributes."),
            },
        ),
    ),
    "aws:sqs/queue:Queue": (
        Call(
            "sqs",
            "CreateQueue",
            {
                "name": "QueueName",
                "maxMessageSize": "Attributes.MaximumMessageSize",
                "messageRetentionSeconds": "Attributes.MessageRetentionPeriod",
                "visibilityTimeoutSeconds": "Attributes.VisibilityTimeout",
                **capital("contentBasedDeduplication", "deduplicationScope", "fifoQueue", inside="Attributes."),
                **capital("fifoThroughputLimit", "kmsMasterKeyId", "redrivePolicy", inside="Attributes."),
                **capital("sqsManagedSseEnabled", inside="Attributes."),
            },
        ),
    ),
    "aws:sqs/queuePolicy:QueuePolicy": (
        Call("sqs", "SetQueueAttributes", {"queueUrl": "QueueUrl", **capital("policy", inside="Attributes.")}),
    ),
    "aws:xray/samplingRule:SamplingRule": (
        Call(
            "xray",
            "CreateSamplingRule",
            {
                "resourceArn": "SamplingRule.ResourceARN",
                "httpMethod": "SamplingRule.HTTPMethod",
                "urlPath": "SamplingRule.URLPath",
                **capital("ruleName", "priority", "version", "fixedRate", inside="SamplingRule."),
                **capital("reservoirSize", "serviceName", "serviceType", "host", inside="SamplingRule."),
            },
        ),
    ),
    "aws:ssm/parameter:Parameter": (
        Call("ssm", "PutParameter", {**capital("name", "type", "value", "description"), "insecureValue": "Value"}),
    ),
    "aws:wafv2/webAcl:WebAcl": (
        Call("wafv2", "CreateWebACL", capital("defaultAction", "name", "rules", "scope", "visibilityConfig")),
    ),
    "aws:wafv2/webAclAssociation:WebAclAssociation": (
        Call("wafv2", "AssociateWebACL", {"webAclArn": "WebACLArn", "resourceArn": "ResourceArn"}),
    ),
}

# Inputs that no call carries, and why.
NOT_SENT: Mapping[tuple[str, str], str] = {
    ("aws:apigateway/deployment:Deployment", "triggers"): "a change of it makes the provider deploy again",
    ("aws:apigateway/methodSettings:MethodSettings", "methodPath"): "a part of the path of each replacement",
}
