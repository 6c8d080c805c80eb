"""Log lines that others than our functions write: API Gateway's access log, and Lambda's own lines."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

# What the variables of an access log are for an accepted task, at the length that they have on AWS.
_VALUES = {
    "requestTime": "27/Nov/2026:12:00:00 +0000",
    "requestTimeEpoch": "1795780800000",
    "requestId": "5f3c9f8e-9d0b-4a53-8a4e-6d1a0f7c2b11",
    "extendedRequestId": "XYZabcDEfGhIJKlM=",
    "xrayTraceId": "1-697df1c0-0123456789abcdef01234567",
    "identity.apiKeyId": "a1b2c3d4e5",
    "identity.userArn": "-",
    "identity.sourceIp": "203.0.113.217",
    "httpMethod": "POST",
    "resourcePath": "/tasks",
    "status": "202",
    "responseLength": "712",
    "responseLatency": "63",
    "integration.status": "200",
    "integration.latency": "59",
    "integration.error": "-",
    "error.responseType": "-",
    "waf.status": "-",
    "authorizer.principalId": "9f0c1d2e-3b4a-4c5d-8e6f-7a8b9c0d1e2f",
}
_VARIABLE = re.compile(r"\$context\.([A-Za-z.]+)")
_ID = "8f5a2c1e-7b3d-4e9f-a1c2-d3e4f5a6b7c8"
_TEXT = (
    f"START RequestId: {_ID} Version: 12",
    f"END RequestId: {_ID}",
    f"REPORT RequestId: {_ID}\tDuration: 512.34 ms\tBilled Duration: 513 ms\tMemory Size: 512 MB\t"
    "Max Memory Used: 112 MB\t",
)
_JSON = (
    {"time": "2026-11-27T12:00:00.000Z", "type": "platform.start", "record": {"requestId": _ID, "version": "12"}},
    {
        "time": "2026-11-27T12:00:00.513Z",
        "type": "platform.report",
        "record": {
            "requestId": _ID,
            "metrics": {"durationMs": 512.34, "billedDurationMs": 513, "memorySizeMB": 512, "maxMemoryUsedMB": 112},
            "status": "success",
        },
    },
)


class UnknownVariable(LookupError):
    """The access log has a variable whose length is not known here."""


def access_line_bytes(line_format: str) -> int:
    """Bytes of the access log's line for an accepted task."""

    def value(found: re.Match[str]) -> str:
        name = found[1].rstrip(".")
        if name not in _VALUES:
            raise UnknownVariable(f"$context.{name} is new in the access log: add a typical value to {__name__}")
        return _VALUES[name]

    return len(_VARIABLE.sub(value, line_format).encode())


def platform_line_bytes(function: Mapping[str, Any]) -> int:
    """Bytes that Lambda itself logs of each invocation that succeeds, with the logging that the function declares.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
    """
    logging: Mapping[str, Any] = function.get("loggingConfig") or {}
    if logging.get("logFormat", "Text") != "JSON":
        return sum(len(line) for line in _TEXT)
    if logging.get("systemLogLevel", "INFO") == "WARN":
        return 0
    return sum(len(json.dumps(line, separators=(",", ":"))) for line in _JSON)
