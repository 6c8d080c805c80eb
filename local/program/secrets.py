"""The secrets of task types, from a file that git ignores, where functions find them on AWS: in Systems Manager."""

from __future__ import annotations

from pathlib import Path

from local.emulator.clients import Clients
from local.host.errors import LaptopError


def read_secrets(file: Path) -> dict[str, str]:
    """The values in the file, a line `name=value` each; empty lines and those that begin with # say nothing.

    There are none without the file. `LaptopError` for another line names its number, never its content.
    """
    if not file.is_file():
        return {}
    secrets: dict[str, str] = {}
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        name, equals, value = line.strip().partition("=")
        if not line.strip() or name.startswith("#"):
            continue
        if not (name and equals and value.strip()):
            raise LaptopError(f"Line {number} of {file} is no secret.", "Write it as name=value, or begin it with #.")
        secrets[name.strip()] = value.strip()
    return secrets


def store_secrets(clients: Clients, path: str, secrets: dict[str, str]) -> None:
    """Make the parameters under the path be these, and no others."""
    client = clients.get("ssm")
    pages = client.get_paginator("get_parameters_by_path").paginate(Path=path)
    for known in [one["Name"] for page in pages for one in page["Parameters"]]:
        if known.rpartition("/")[2] not in secrets:
            client.delete_parameter(Name=known)
    for name, value in secrets.items():
        client.put_parameter(Name=f"{path}/{name}", Type="SecureString", Value=value, Overwrite=True)
