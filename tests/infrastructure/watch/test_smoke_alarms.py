"""`make smoke` looks for every alarm that the program makes, and for no other."""

from operations.smoke.watch import ALARMS
from tests.infrastructure.recording import Stack


def test_every_alarm_is_looked_for(stack: Stack) -> None:
    metric = [one.inputs["name"] for one in stack.all("aws:cloudwatch/metricAlarm:MetricAlarm")]
    composite = [one.inputs["alarmName"] for one in stack.all("aws:cloudwatch/compositeAlarm:CompositeAlarm")]
    made = {name.removeprefix("taskline-dev-") for name in (*metric, *composite)}
    functions = {name.removeprefix("taskline-dev-") for name in stack.exports["function_names"]}
    assert made == {*ALARMS, *(f"{name}-errors" for name in functions)}
