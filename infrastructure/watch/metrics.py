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


def of_all_long_workflows(name: str) -> Metric:
    """A metric of Step Functions, about all Standard machines of the account in this region."""
    return Metric(namespace="AWS/States", name=name, dimensions={})


def written_by(function: FunctionRef, name: str) -> Metric:
    """A metric that the function writes itself."""
    return Metric(namespace=function.metrics_namespace, name=name, dimensions={"service": function.service})


@dataclass(frozen=True, kw_only=True)
class Search:
    """All metrics of this name that have exactly these dimensions: some with a given value, and `by` with any."""

    namespace: str
    name: str
    given: Mapping[str, str]
    by: tuple[str, ...]

    def expression(self, statistic: str, period: int) -> str:
        """The search as CloudWatch's metric math takes it: a time series for each metric that is found."""
        schema = ",".join(f'"{name}"' for name in (self.namespace, *sorted((*self.given, *self.by))))
        terms = " ".join(f'"{name}"="{value}"' for name, value in (("MetricName", self.name), *self.given.items()))
        return f"SEARCH('{{{schema}}} {terms}', '{statistic}', {period})"


def of_tasks(events: FunctionRef, name: str, status: str, *by: str) -> Search:
    """What the function of task events measures about tasks that have reached a status, by type and by `by`."""
    return Search(
        namespace=events.metrics_namespace,
        name=name,
        given={"service": events.service, "status": status},
        by=("type", *by),
    )
