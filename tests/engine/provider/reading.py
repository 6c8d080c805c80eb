"""What a resource on the emulator is like now: its properties in Pulumi's names, None if it is gone.

`pulumi refresh` depends on it, and with `refresh: always` every preview and every update begins with one.
"""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from local.program.resources.handler import ProvisioningContext
from local.program.resources.sqs import ATTRIBUTES

Read = Callable[[ProvisioningContext, str], Mapping[str, Any] | None]


def _pipe(context: ProvisioningContext, name: str) -> Mapping[str, Any]:
    pipe = context.clients.pipes.describe_pipe(Name=name)
    return {
        "desiredState": pipe["DesiredState"],
        "description": pipe.get("Description", ""),
        "source": pipe["Source"],
        "target": pipe["Target"],
        "roleArn": pipe["RoleArn"],
    }


def _queue(context: ProvisioningContext, url: str) -> Mapping[str, Any]:
    attributes: Any = context.clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    known = {name: attributes[key] for name, key in ATTRIBUTES.items() if key in attributes and name != "policy"}
    return {name: _typed(value) for name, value in known.items()}


def _typed(text: str) -> Any:
    """SQS's attributes are texts."""
    if text in ("true", "false"):
        return text == "true"
    return int(text) if text.isdigit() else text


def _table(context: ProvisioningContext, name: str) -> Mapping[str, Any]:
    table = context.clients.dynamodb.describe_table(TableName=name)["Table"]
    stream = table.get("StreamSpecification", {"StreamEnabled": False})
    return {
        "deletionProtectionEnabled": table.get("DeletionProtectionEnabled", False),
        "streamEnabled": stream["StreamEnabled"],
    }


def _topic(context: ProvisioningContext, arn: str) -> Mapping[str, Any]:
    attributes = context.clients.sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    return {"kmsMasterKeyId": attributes.get("KmsMasterKeyId", "")}


def _log_group(context: ProvisioningContext, name: str) -> Mapping[str, Any] | None:
    groups = context.clients.logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    found = [group for group in groups if group.get("logGroupName") == name]
    return {"retentionInDays": found[0].get("retentionInDays", 0)} if found else None


def _function(context: ProvisioningContext, name: str) -> Mapping[str, Any]:
    function = context.clients.lambda_.get_function_configuration(FunctionName=name)
    return {"memorySize": function.get("MemorySize"), "timeout": function.get("Timeout"), "role": function.get("Role")}


def _machine(context: ProvisioningContext, arn: str) -> Mapping[str, Any]:
    machine = context.clients.stepfunctions.describe_state_machine(stateMachineArn=arn)
    return {"definition": machine["definition"], "roleArn": machine["roleArn"]}


def _role(context: ProvisioningContext, name: str) -> Mapping[str, Any]:
    context.clients.iam.get_role(RoleName=name)  # its trust was widened for the laptop: not what the program declares
    return {}


def _parameter(context: ProvisioningContext, name: str) -> Mapping[str, Any]:
    context.clients.get("ssm").get_parameter(Name=name)  # its value is a secret, and its changes are ignored
    return {}


def _api(context: ProvisioningContext, api: str) -> Mapping[str, Any]:
    return {"name": context.clients.apigateway.get_rest_api(restApiId=api)["name"]}


def _alarm(context: ProvisioningContext, name: str) -> Mapping[str, Any] | None:
    found = context.clients.cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm"])["MetricAlarms"]
    return {"evaluationPeriods": found[0]["EvaluationPeriods"]} if found else None


def _or_gone(read: Read) -> Read:
    def reader(context: ProvisioningContext, resource_id: str) -> Mapping[str, Any] | None:
        try:
            return read(context, resource_id)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if any(word in code for word in ("NotFound", "NoSuchEntity", "NonExistent", "DoesNotExist")):
                return None
            raise

    return reader


READERS: Mapping[str, Read] = {
    of_type: _or_gone(read)
    for of_type, read in {
        "aws:apigateway/restApi:RestApi": _api,
        "aws:cloudwatch/logGroup:LogGroup": _log_group,
        "aws:cloudwatch/metricAlarm:MetricAlarm": _alarm,
        "aws:dynamodb/table:Table": _table,
        "aws:iam/role:Role": _role,
        "aws:lambda/function:Function": _function,
        "aws:pipes/pipe:Pipe": _pipe,
        "aws:sfn/stateMachine:StateMachine": _machine,
        "aws:sns/topic:Topic": _topic,
        "aws:sqs/queue:Queue": _queue,
        "aws:ssm/parameter:Parameter": _parameter,
    }.items()
}
