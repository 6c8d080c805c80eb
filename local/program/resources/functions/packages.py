"""The deployment package of a function, made to run on the laptop.

The emulator's own Python runtime loses the class of an exception, which `Retry` and `Catch` need. So each function
becomes a custom runtime (`provided.al2023`) whose `bootstrap` forwards the emulator's invocations to the laptop
edition, which runs all functions itself: see `local/services/lambdas/`.
"""

from __future__ import annotations

import io
import shlex
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pulumi

from local.host.errors import LaptopError
from local.host.options import PROJECT_ROOT

RUNTIME = "provided.al2023"
FORWARDER = PROJECT_ROOT / "local" / "services" / "lambdas" / "forwarder.py"
EPOCH = (1980, 1, 1, 0, 0, 0)  # the same content must give the same bytes, or every start would replace the workers
EXECUTABLE = 0o755 << 16
READABLE = 0o644 << 16


def bootstrap() -> str:
    """The script that the emulator starts an environment with. The forwarder needs no package."""
    return f"#!/bin/sh\nexec {shlex.join([sys.executable, '-I', '-S', str(FORWARDER)])}\n"


def package(archive: object, function: str, script: str | None = None) -> bytes:
    """The program's code archive (a zip or a folder) with `bootstrap` or another script added, byte for byte
    reproducible."""
    if not isinstance(archive, pulumi.FileArchive):
        raise LaptopError(
            f"The code of function {function} is a {type(archive).__name__}; the laptop edition reads FileArchive.",
            "Use pulumi.FileArchive, or support other archives in local/program/resources/functions/packages.py.",
        )
    path = Path(archive.path)
    if not path.exists():
        raise LaptopError(f"The code of function {function}, {path}, does not exist.", "Build it before deploying.")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in sorted(_files(path)):
            _add(target, name, content, READABLE)
        _add(target, "bootstrap", (script or bootstrap()).encode(), EXECUTABLE)
    return buffer.getvalue()


def _files(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        for file in path.rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                yield file.relative_to(path).as_posix(), file.read_bytes()
        return
    with zipfile.ZipFile(path) as source:
        for info in source.infolist():
            if not info.is_dir():
                yield info.filename, source.read(info)


def _add(target: zipfile.ZipFile, name: str, content: bytes, mode: int) -> None:
    info = zipfile.ZipInfo(name, EPOCH)
    info.external_attr = mode
    info.compress_type = zipfile.ZIP_DEFLATED
    target.writestr(info, content)
