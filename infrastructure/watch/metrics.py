"""The metrics that alarms watch, by the references to what they are about."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from infrastructure.blocks.refs import ApiRef, FunctionRef, PipeRef, QueueRef, TableRef, WorkflowRef


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric of CloudWatch."""

    namespace: str
    name: str
    dimensions: Mapping[str, pulumi.Input[str]]


def of_api(api: ApiRef, name: str) -> Metric:
    """A metric of API Gateway."""
    return Metric(namespace="AWS/ApiGateway", name=name, dimensions={"ApiName": api.name, "Stage": api.stage})


def of_function(function: FunctionRef, name: str) -> Metric:
    """A metric of Lambda."""
    return Metric(namespace="AWS/Lambda", name=name, dimensions={"FunctionName": function.name})


def of_all_functions(name: str) -> Metric:
    """A metric of Lambda, about all functions of the account in this region."""
    return Metric(namespace="AWS/Lambda", name=name, dimensions={})


def of_queue(queue: QueueRef, name: str) -> Metric:
    """A metric of SQS."""
    return Metric(namespace="AWS/SQS", name=name, dimensions={"QueueName": queue.name})


def of_table(table: TableRef, name: str) -> Metric:
    """A metric of DynamoDB."""
    return Metric(namespace="AWS/DynamoDB", name=name, dimensions={"TableName": table.name})


def of_pipe(pipe: PipeRef, name: str) -> Metric:
    """A metric of EventBridge Pipes."""
    return Metric(namespace="AWS/EventBridge/Pipes", name=name, dimensions={"PipeName": pipe.name})


def of_workflow(workflow: WorkflowRef, name: str) -> Metric:
    """A metric of Step Functions."""
    return Metric(namespace="AWS/States", name=name, dimensions={"StateMachineArn": workflow.arn})


def written_by(function: FunctionRef, name: str) -> Metric:
    """A metric that the function writes itself."""
    return Metric(namespace=function.metrics_namespace, name=name, dimensions={"service": function.service})
