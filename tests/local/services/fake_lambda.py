"""The part of AWS that running a function needs: what is deployed, its code, its role, and its log."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import threading
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from local.emulator.clients import Clients
from local.emulator.remembered import GOOD_SECONDS
from local.services.lambdas.catalog import Catalog, DeployedFunction
from local.services.lambdas.model import InvocationRefused
from local.services.lambdas.service import LambdaService
from local.services.logs.delivery import LogDelivery
from local.services.metrics.store import MetricStore, requests
from tests.local.services.fake_aws import Missing, frozen

ARN = "arn:aws:lambda:us-east-1:000000000000:function:"
ROLE = "arn:aws:iam::000000000000:role/demo"
DEMO: Mapping[str, Any] = {
    "name": "demo",
    "arn": f"{ARN}demo",
    "handler": "demo.handler",
    "role_arn": ROLE,
    "timeout": 30,
    "memory": 512,
    "variables": (),
    "log_group": "/aws/lambda/demo",
    "code_digest": "AAAA",
    "reserved": None,
    "location": "",
}
Code = str | Mapping[str, str]


def deployed(**changes: Any) -> DeployedFunction:
    """A deployed function, as the catalog returns it."""
    return DeployedFunction(**{**DEMO, **changes})


class FakeLambda:
    """Stands in for `local.emulator.clients.Clients`. `time` is the time on the catalog's clock."""

    region = "us-east-1"
    endpoint = "http://127.0.0.1:1"
    secret = "s3cret"

    class exceptions:  # noqa: N801 botocore's name
        ResourceNotFoundException = Missing

    def __init__(self, folder: Path) -> None:
        self.time = 100.0
        self.looked_up = 0
        self.unassumable: Exception | None = None
        self._folder = folder
        self._functions: dict[str, dict[str, Any]] = {}
        self.lambda_ = self.sts = self

    def deploy(self, code: Code, name: str, reserved: int | None, configuration: Mapping[str, Any]) -> None:
        """Create or change a function."""
        content = _zipped({"demo.py": code} if isinstance(code, str) else code)
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        archive = self._folder / f"{hashlib.sha256(content).hexdigest()}.zip"
        archive.write_bytes(content)
        about = {"FunctionName": name, "FunctionArn": f"{ARN}{name}", "Handler": "demo.handler", "Role": ROLE}
        about |= {"Timeout": 30, "MemorySize": 512, "CodeSha256": digest, **configuration}
        concurrency = {} if reserved is None else {"Concurrency": {"ReservedConcurrentExecutions": reserved}}
        self._functions[name] = {"Configuration": about, "Code": {"Location": archive.as_uri()}, **concurrency}
        self.time += GOOD_SECONDS  # so that earlier lookups are no longer good

    def get_function(self, *, FunctionName: str, Qualifier: str = "$LATEST") -> dict[str, Any]:  # noqa: N803
        self.looked_up += 1
        if FunctionName not in self._functions or Qualifier not in ("$LATEST", "live"):
            raise Missing(FunctionName)
        return self._functions[FunctionName]

    def assume_role(self, *, RoleArn: str, RoleSessionName: str) -> dict[str, Any]:  # noqa: N803
        if self.unassumable is not None:
            raise self.unassumable
        keys = {"AccessKeyId": f"key of {RoleArn}", "SecretAccessKey": "secret", "SessionToken": RoleSessionName}
        return {"Credentials": keys}


class Printed:
    """Stands in for `LogDelivery`: keeps the lines of each log group, and waits for one."""

    def __init__(self) -> None:
        self.lines: dict[str, list[str]] = {}
        self._came = threading.Condition()

    def put_log_events(self, *, logGroupName: str, logStreamName: str, logEvents: list[Any]) -> None:  # noqa: N803
        assert logStreamName == "", "a stream of the group's function"
        with self._came:
            self.lines.setdefault(logGroupName, []).extend(event["message"] for event in logEvents)
            self._came.notify_all()

    @property
    def of_demo(self) -> list[str]:
        """The lines of the function `demo`."""
        return self.lines.get("/aws/lambda/demo", [])

    def wait_for(self, text: str, group: str = "/aws/lambda/demo") -> str:
        """The first line with this text, once it is there."""
        with self._came:
            assert self._came.wait_for(lambda: self._found(text, group), 20), f"no line with {text!r}: {self.lines}"
            return self._found(text, group)[0]

    def _found(self, text: str, group: str) -> list[str]:
        return [line for line in self.lines.get(group, []) if text in line]


class Functions:
    """The laptop edition's functions, deployed on the fake. Close it after use."""

    def __init__(self, folder: Path) -> None:
        self.aws = FakeLambda(folder)
        self.printed = Printed()
        self.metrics = MetricStore()
        clients = cast("Clients", self.aws)
        self.service = LambdaService(clients, folder / "code", cast("LogDelivery", self.printed), self.metrics)
        self.service.catalog = Catalog(clients, folder / "code", frozen(lambda: self.aws.time))

    def deploy(self, code: Code, *, name: str = "demo", reserved: int | None = None, **configuration: Any) -> None:
        """Create or change a function. Code without a path is the module `demo`; its `handler` is called."""
        self.aws.deploy(code, name, reserved, configuration)

    def result(self, event: Any = None, function: str = "demo") -> Any:
        """What the function returns."""
        invocation = self.service.invoke(function, json.dumps(event).encode())
        assert not invocation.failed, invocation.payload
        return json.loads(invocation.payload)

    def failure(self, event: Any = None, function: str = "demo") -> dict[str, Any]:
        """The error with which the function fails."""
        invocation = self.service.invoke(function, json.dumps(event).encode())
        assert invocation.failed, invocation.payload
        return json.loads(invocation.payload)

    def rejection(self, function: str = "demo") -> tuple[str, int]:
        """Why the function is not run: code and status."""
        with pytest.raises(InvocationRefused, match=function) as raised:
            self.service.invoke(function, b"{}")
        return raised.value.code, raised.value.status

    def counted(self) -> dict[str, float]:
        """The sums of all metrics that were recorded."""
        sums: dict[str, float] = {}
        for request in requests(self.metrics.due(everything=True)):
            for datum in request["MetricData"]:
                values = zip(datum["Values"], datum["Counts"], strict=True)
                sums[datum["MetricName"]] = sum(value * count for value, count in values)
        return sums

    def close(self) -> None:
        """End all workers."""
        self.service.close()


def a_function(body: str, imports: str = "import os, sys, threading, time") -> str:
    """A module whose handler has this body."""
    indented = "".join(f"    {line}\n" for line in body.strip().splitlines())
    return f"{imports}\n\ndef handler(event, context):\n{indented}"


def _zipped(files: Mapping[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, text in files.items():
            archive.writestr(zipfile.ZipInfo(path), text)
    return buffer.getvalue()
