"""What the program declares for the laptop edition to run itself, besides the gateway's part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local.program.declarations.gateway import GatewayDeclarations

LAYERS_VARIABLE = "TASKLINE_LAYERS"  # a function's variable: folders of packages that it has besides the common ones


@dataclass(frozen=True, kw_only=True)
class PipeDeclaration:
    """A pipe as declared. The emulator's DescribePipe drops its parameters, so they are kept here."""

    name: str
    arn: str
    role_arn: str
    source: str
    target: str


@dataclass(frozen=True, kw_only=True)
class StreamDeclaration:
    """An event source mapping from a table's stream to a function; `local/services/streams/stream.py` explains it."""

    stream_arn: str
    function: str
    batch_size: int
    reports_failures: bool
    bisects: bool
    max_retries: int
    max_age_seconds: int
    on_failure_arn: str
    window_seconds: int = 0


@dataclass(frozen=True, kw_only=True)
class MetricQuery:
    """One metric of an expression: its id there, and the metric as GetMetricData takes it."""

    id: str
    stat: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class AlarmDeclaration:
    """An alarm on one metric, in CloudWatch's terms; `period` is in seconds, `missing` is TreatMissingData.

    With an `expression`, it watches that instead: metric math over `queries`, which all have its period.
    """

    name: str
    namespace: str
    metric: str
    dimensions: dict[str, str]
    statistic: str
    period: int
    periods: int
    threshold: float
    comparison: str
    missing: str
    expression: str = ""
    queries: tuple[MetricQuery, ...] = ()

    def metric_stat(self) -> dict[str, Any]:
        """The metric that it evaluates, as PutMetricAlarm and GetMetricData take it."""
        dimensions = [{"Name": name, "Value": value} for name, value in self.dimensions.items()]
        metric = {"Namespace": self.namespace, "MetricName": self.metric, "Dimensions": dimensions}
        return {"Metric": metric, "Period": self.period, "Stat": self.statistic}


@dataclass
class Declarations:
    """What the services need to know about the resources. `invoked` are the functions that state machines name.

    `layers` are folders of packages, by the ARNs of their layers.
    """

    pipes: list[PipeDeclaration] = field(default_factory=list[PipeDeclaration])
    gateway: GatewayDeclarations = field(default_factory=GatewayDeclarations)
    streams: list[StreamDeclaration] = field(default_factory=list[StreamDeclaration])
    alarms: list[AlarmDeclaration] = field(default_factory=list[AlarmDeclaration])
    invoked: list[str] = field(default_factory=list[str])
    layers: dict[str, str] = field(default_factory=dict[str, str])
