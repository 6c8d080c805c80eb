"""The function that a name stands for now, and its code."""

from __future__ import annotations

import base64
import io
import shutil
import threading
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.emulator.address import get
from local.emulator.clients import Clients
from local.emulator.remembered import REAL, Remembered, Timing
from local.services.lambdas.model import InvocationRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedFunction:
    """A function as it is deployed. `reserved` is its reserved concurrency, None if it has none.

    Equal ones run in the same workers. `location` is the URL of the code, and changes.
    """

    name: str
    arn: str
    handler: str
    role_arn: str
    timeout: int
    memory: int
    variables: tuple[tuple[str, str], ...]
    log_group: str
    code_digest: str
    reserved: int | None = field(compare=False)
    location: str = field(compare=False)


class Catalog:
    """Looks up functions on the emulator, for any thread."""

    def __init__(self, clients: Clients, folder: Path, timing: Timing = REAL) -> None:
        self._clients = clients
        self._folder = folder
        self._found = Remembered(self._look_up, timing)
        self._turn = threading.Lock()

    def find(self, function: str) -> DeployedFunction:
        """The function of this name or ARN. Raises `InvocationRefused` if there is none."""
        name, qualifier = _parts(function)
        return self._found.get(f"{name}:{qualifier}")

    def code(self, deployed: DeployedFunction) -> Path:
        """The folder with the function's code, unpacked once for all functions that share it."""
        folder = self._folder / base64.b64decode(deployed.code_digest).hex()[:16]
        with self._turn:
            if not folder.is_dir():
                _unpack(get(deployed.location, self._clients.secret, timeout=10), folder)
        return folder

    def _look_up(self, named: str) -> DeployedFunction:
        name, _, qualifier = named.partition(":")
        client = self._clients.lambda_
        version: Any = {"Qualifier": qualifier} if qualifier else {}
        try:
            found: Any = client.get_function(FunctionName=name, **version)
        except client.exceptions.ResourceNotFoundException as error:
            raise InvocationRefused("ResourceNotFoundException", f"Function not found: {name}", 404) from error
        return _deployed(found)


def _parts(function: str) -> tuple[str, str]:
    """The name, and the alias or version or nothing, in a function's name or ARN with or without a qualifier."""
    name, _, qualifier = function.rpartition(":function:")[2].partition(":")
    return name, qualifier


def _deployed(found: Mapping[str, Any]) -> DeployedFunction:
    configuration = found["Configuration"]
    name = configuration["FunctionName"]
    variables: dict[str, str] = configuration.get("Environment", {}).get("Variables", {})
    return DeployedFunction(
        name=name,
        arn=configuration["FunctionArn"],
        handler=configuration["Handler"],
        role_arn=configuration["Role"],
        timeout=configuration["Timeout"],
        memory=configuration["MemorySize"],
        variables=tuple(sorted(variables.items())),
        log_group=configuration.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{name}",
        code_digest=configuration["CodeSha256"],
        reserved=found.get("Concurrency", {}).get("ReservedConcurrentExecutions"),
        location=found["Code"]["Location"],
    )


def _unpack(package: bytes, folder: Path) -> None:
    """Into a neighbouring folder first, so that the folder is complete as soon as it exists."""
    archive = zipfile.ZipFile(io.BytesIO(package))
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    archive.extractall(partial)
    partial.rename(folder)
