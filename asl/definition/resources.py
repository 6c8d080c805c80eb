"""Parses the `Resource` of a Task, and refuses what its kind of workflow does not have."""

import re
from collections.abc import Mapping
from typing import Final

from asl.definition.model import Resource

# Partition, region and account are not checked: recordings and templates have placeholders there.
_SERVICE: Final = re.compile(r"arn:[^:]+:states:[^:]*:[^:]*:(aws-sdk:[^:.]+|[^:.]+):([^:.]+)(\..+)?")
_FUNCTION: Final = re.compile(r"arn:[^:]+:lambda:[^:]+:[^:]+:function:\S+")

_OPTIMISED: Final[Mapping[str, frozenset[str]]] = {
    service: frozenset(actions.split())
    for service, actions in {
        "apigateway": "invoke",
        "athena": "startQueryExecution stopQueryExecution getQueryExecution getQueryResults",
        "batch": "submitJob",
        "bedrock": "invokeModel createModelCustomizationJob",
        "codebuild": "startBuild stopBuild batchDeleteBuilds batchGetReports startBuildBatch stopBuildBatch"
        " retryBuildBatch deleteBuildBatch",
        "databrew": "startJobRun",
        "dynamodb": "getItem putItem updateItem deleteItem",
        "ecs": "runTask",
        "eks": "call runJob createCluster deleteCluster createFargateProfile deleteFargateProfile createNodegroup"
        " deleteNodegroup",
        "elasticmapreduce": "createCluster setClusterTerminationProtection terminateCluster addStep cancelStep"
        " modifyInstanceFleetByName modifyInstanceGroupByName",
        "emr-containers": "createVirtualCluster deleteVirtualCluster startJobRun",
        "emr-serverless": "createApplication startApplication stopApplication deleteApplication startJobRun"
        " cancelJobRun",
        "events": "putEvents",
        "glue": "startJobRun",
        "http": "invoke",
        "lambda": "invoke",
        "mediaconvert": "createJob",
        "sagemaker": "createEndpoint createEndpointConfig createHyperParameterTuningJob createLabelingJob createModel"
        " createProcessingJob createTrainingJob createTransformJob updateEndpoint",
        "sns": "publish",
        "sqs": "sendMessage",
        "states": "startExecution",
    }.items()
}
"""https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html and the page of each service there."""


WAITING: Final = ".waitForTaskToken"
"""Ends the ARN of a task that waits until somebody brings its token back."""


class ResourceRefused(ValueError):
    """AWS does not accept the ARN in this kind of workflow. The text is that of AWS; `hint` is a way out, or ""."""

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.hint = hint


def read_resource(arn: str, kind: str = "EXPRESS") -> Resource:
    """Parse a resource ARN of an `EXPRESS` or `STANDARD` workflow; raises `ResourceRefused`.

    The services and actions of AWS's SDK are looked up when they are called.
    """
    if _FUNCTION.fullmatch(arn):
        return Resource(arn=arn, service="function", action="invoke")
    found = _SERVICE.fullmatch(arn)
    if found is None:
        raise ResourceRefused("Value is not a valid resource ARN")
    service, action, pattern = found.groups()
    if service == "activity":
        raise _activity_refused(kind)
    if not service.startswith("aws-sdk:"):
        _check_optimised(arn, service, action)
    waits = pattern == WAITING and kind == "STANDARD"
    if pattern is not None and not waits:
        raise _pattern_refused(arn, pattern, kind)
    return Resource(arn=arn, service=service, action=action, waits=waits)


def _activity_refused(kind: str) -> ResourceRefused:
    if kind == "STANDARD":
        return ResourceRefused("This runner does not support activities")
    return ResourceRefused("Express state machine does not support Activity ARN")


def _check_optimised(arn: str, service: str, action: str) -> None:
    actions = _OPTIMISED.get(service)
    if actions is None or action not in actions:
        known = f"'{service}' has {', '.join(sorted(actions))} here" if actions else f"there is no '{service}' here"
        raise _unrecognised(arn, f"{known}; the SDK's are arn:aws:states:::aws-sdk:{service}:{action} and the like")


def _pattern_refused(arn: str, pattern: str, kind: str) -> ResourceRefused:
    if pattern == WAITING:
        return ResourceRefused(f"Express state machine does not support '{pattern}' service integration ")  # so on AWS
    if pattern in (".sync", ".sync:2"):
        if kind == "STANDARD":
            return ResourceRefused("This runner does not support '.sync' service integrations")
        return ResourceRefused("Express state machine does not support '.sync' service integration")
    return _unrecognised(arn)


def _unrecognised(arn: str, hint: str = "") -> ResourceRefused:
    return ResourceRefused(
        f"The resource provided {arn} is not recognized. The value is not a valid resource ARN, or the resource is not"
        " available in this region.",
        hint,
    )
