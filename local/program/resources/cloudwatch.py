"""CloudWatch alarms and dashboards. The emulator keeps the states of alarms and runs their actions;
`local.services.alarms` evaluates them.

Measured: the emulator evaluates an alarm only when some metric is put, mixes the dimensions of a metric, and does not
treat missing data. It does not evaluate alarms on a list of queries, so all are created that way.
"""

from __future__ import annotations

from typing import Any

from local.program.declarations.model import AlarmDeclaration
from local.program.resources.handler import Inputs, ProvisionedResource, ProvisioningContext, ResourceHandler

ACTIONS = {
    "alarmActions": "AlarmActions",
    "okActions": "OKActions",
    "insufficientDataActions": "InsufficientDataActions",
}


def _ensure_metric_alarm(context: ProvisioningContext, inputs: Inputs) -> ProvisionedResource:
    name = inputs["name"]
    declared = AlarmDeclaration(
        name=name,
        namespace=inputs["namespace"],
        metric=inputs["metricName"],
        dimensions=dict(inputs.get("dimensions") or {}),
        statistic=inputs["statistic"],
        period=inputs["period"],
        periods=inputs["evaluationPeriods"],
        threshold=float(inputs["threshold"]),
        comparison=inputs["comparisonOperator"],
        missing=inputs.get("treatMissingData", "missing"),
    )
    context.clients.cloudwatch.put_metric_alarm(
        AlarmName=name,
        AlarmDescription=inputs.get("alarmDescription", ""),
        Metrics=[{"Id": "m1", "ReturnData": True, "MetricStat": declared.metric_stat()}],
        EvaluationPeriods=declared.periods,
        Threshold=declared.threshold,
        ComparisonOperator=declared.comparison,
        TreatMissingData=declared.missing,
        **_actions(inputs),
    )
    context.deployed.alarms.append(declared)
    return ProvisionedResource(name, _outputs(context, name))


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
