"""Execution logs in moto's CloudWatch Logs, as the machine's logging configuration says."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from asl.execution.logs import ExecutionLog, log_group
from asl.integrations.runner import Clients


class Logs:
    """The log streams of a block: as on AWS, one for each machine and hour."""

    def __init__(self) -> None:
        self._suffix = uuid.uuid4().hex[:8]

    def of(
        self, configuration: Mapping[str, Any], machine: str, arn: str, clients: Clients, now: float
    ) -> ExecutionLog | None:
        """The log of the execution with this ARN, which begins now; `None` if the machine writes none."""
        group, level = log_group(configuration), configuration.get("level", "OFF")
        if not group or level == "OFF":
            return None
        return ExecutionLog(
            clients("logs"),
            group=group,
            stream=f"states/{machine}/{datetime.fromtimestamp(now, UTC):%Y-%m-%d-%H}/{self._suffix}",
            execution_arn=arn,
            level=level,
            include_data=configuration.get("includeExecutionData", False),
        )
