"""CloudWatch alarms and dashboards. The emulator keeps the states of alarms and runs their actions;
`local.services.alarms` evaluates them.

Measured: the emulator evaluates an alarm only when some metric is put, mixes the dimensions of a metric, and does not
treat missing data. It does not evaluate alarms on a list of queries, so all are created that way.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from local.program.declarations.metric_math import check_expression
from local.program.declarations.model import AlarmDeclaration, MetricQuery
from local.program.resources.handler import (
    Inputs,
    ProvisionedResource,
    ProvisioningContext,
    ResourceHandler,
    section,
    sections,
)

ACTIONS = {
    "alarmActions": "AlarmActions",
    "okActions": "OKActions",
    "insufficientDataActions": "InsufficientDataActions",
}


def _ensure_metric_alarm(context: ProvisioningContext, inputs: Inputs) -> ProvisionedResource:
    name, math = inputs["name"], _math(inputs)
    declared = AlarmDeclaration(
        name=name,
        namespace=inputs.get("namespace", ""),
        metric=inputs.get("metricName", math.label),
        dimensions=dict(inputs.get("dimensions") or {}),
        statistic=inputs.get("statistic", "Expression"),
        period=inputs.get("period", math.period),
        expression=math.expression,
        queries=math.queries,
        periods=inputs["evaluationPeriods"],
        threshold=float(inputs["threshold"]),
        comparison=inputs["comparisonOperator"],
        missing=inputs.get("treatMissingData", "missing"),
    )
    context.clients.cloudwatch.put_metric_alarm(
        AlarmName=name,
        AlarmDescription=inputs.get("alarmDescription", ""),
        Metrics=_data_queries(declared),
        EvaluationPeriods=declared.periods,
        Threshold=declared.threshold,
        ComparisonOperator=declared.comparison,
        TreatMissingData=declared.missing,
        **_actions(inputs),
    )
    context.deployed.alarms.append(declared)
    return ProvisionedResource(name, _outputs(context, name))


def _data_queries(declared: AlarmDeclaration) -> list[dict[str, Any]]:
    if not declared.expression:
        return [{"Id": "m1", "ReturnData": True, "MetricStat": declared.metric_stat()}]
    watched = {"Id": "watched", "ReturnData": True, "Expression": declared.expression, "Label": declared.metric}
    return [watched, *({"Id": one.id, "ReturnData": False, "MetricStat": one.stat} for one in declared.queries)]


class _Math(NamedTuple):
    """Metric math as declared, empty for an alarm on one metric."""

    expression: str = ""
    label: str = ""
    period: int = 0
    queries: tuple[MetricQuery, ...] = ()


def _math(inputs: Inputs) -> _Math:
    given = sections(inputs, "metricQueries")
    if not given:
        return _Math()
    (watched,) = (one for one in given if one.get("returnData"))
    queries = tuple(MetricQuery(id=one["id"], stat=_stat(one["metric"])) for one in given if "metric" in one)
    check_expression(watched["expression"], {one.id for one in queries})
    (period,) = {one.stat["Period"] for one in queries}
    return _Math(watched["expression"], watched.get("label", ""), period, queries)


def _stat(metric: dict[str, Any]) -> dict[str, Any]:
    dimensions = [{"Name": name, "Value": value} for name, value in section(metric, "dimensions").items()]
    of: dict[str, Any] = {
        "Namespace": metric["namespace"],
        "MetricName": metric["metricName"],
        "Dimensions": dimensions,
    }
    return {"Metric": of, "Period": metric["period"], "Stat": metric["stat"]}


def _ensure_composite_alarm(context: ProvisioningContext, inputs: Inputs) -> ProvisionedResource:
    name = inputs["alarmName"]
    context.clients.cloudwatch.put_composite_alarm(
        AlarmName=name,
        AlarmDescription=inputs.get("alarmDescription", ""),
        AlarmRule=inputs["alarmRule"],
        **_actions(inputs),
    )
    return ProvisionedResource(name, _outputs(context, name))


def _actions(inputs: Inputs) -> dict[str, Any]:
    return {attribute: inputs.get(key) or [] for key, attribute in ACTIONS.items()}


def _outputs(context: ProvisioningContext, name: str) -> dict[str, Any]:
    return {"arn": context.arn("cloudwatch", f"alarm:{name}"), "name": name}


def _remove(context: ProvisioningContext, name: str) -> None:
    cloudwatch = context.clients.cloudwatch
    found = cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    if found["MetricAlarms"] or found["CompositeAlarms"]:
        cloudwatch.delete_alarms(AlarmNames=[name])


def _ensure_dashboard(context: ProvisioningContext, inputs: Inputs) -> ProvisionedResource:
    name = inputs["dashboardName"]
    context.clients.cloudwatch.put_dashboard(DashboardName=name, DashboardBody=inputs["dashboardBody"])
    return ProvisionedResource(name, {"dashboardArn": f"arn:aws:cloudwatch::{context.account}:dashboard/{name}"})


def _remove_dashboard(context: ProvisioningContext, name: str) -> None:
    cloudwatch = context.clients.cloudwatch
    found = cloudwatch.list_dashboards(DashboardNamePrefix=name)["DashboardEntries"]
    if any(one.get("DashboardName") == name for one in found):
        cloudwatch.delete_dashboards(DashboardNames=[name])


HANDLERS = (
    ResourceHandler(
        type="aws:cloudwatch/metricAlarm:MetricAlarm",
        applies=frozenset(
            {
                "name",
                "alarmDescription",
                "namespace",
                "metricName",
                "dimensions",
                "statistic",
                *(f"metricQueries.{name}" for name in ("id", "expression", "label", "returnData")),
                *(f"metricQueries.metric.{name}" for name in ("namespace", "metricName", "dimensions", "stat")),
                "metricQueries.metric.period",
                "period",
                "evaluationPeriods",
                "threshold",
                "comparisonOperator",
                "treatMissingData",
                *ACTIONS,
            }
        ),
        ensure=_ensure_metric_alarm,
        remove=_remove,
    ),
    ResourceHandler(
        type="aws:cloudwatch/compositeAlarm:CompositeAlarm",
        # The provisioner sets `name` on every resource; here the name is `alarmName`.
        applies=frozenset({"alarmName", "alarmDescription", "alarmRule", *ACTIONS}),
        ensure=_ensure_composite_alarm,
        remove=_remove,
    ),
    ResourceHandler(
        type="aws:cloudwatch/dashboard:Dashboard",
        applies=frozenset({"dashboardName", "dashboardBody"}),
        ensure=_ensure_dashboard,
        remove=_remove_dashboard,
    ),
)
