"""Properties as the engine sends them to a provider: structs with secrets, unknowns and archives in them."""

from collections.abc import Mapping
from typing import Any

import pulumi
from google.protobuf import json_format, struct_pb2
from pulumi.runtime import rpc

from local.program.properties import plain

# A value that a preview does not know yet.
UNKNOWN = rpc.UNKNOWN
# How the wire says that a mapping is more than a mapping. The SDK has the names, but not as public ones.
SIGNATURE = rpc._special_sig_key
ARCHIVE = rpc._special_archive_sig


def properties(struct: struct_pb2.Struct) -> dict[str, Any]:
    """The properties, secrets still wrapped, so that they can be sent back as they came."""
    return json_format.MessageToDict(struct)


def struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    return json_format.ParseDict(dict(values), struct_pb2.Struct())


def comparable(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without secrets' wrapping and internal properties; an archive is its digest, wherever it lies."""
    return {name: _comparable(value) for name, value in plain(values).items() if not name.startswith("__")}


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    """What a handler of the laptop edition takes."""
    return {name: _given(value) for name, value in plain(values).items() if not name.startswith("__")}


def _comparable(value: Any) -> Any:
    if isinstance(value, Mapping):
        if value.get(SIGNATURE) == ARCHIVE:
            return {"archive": value["hash"]}
        return {name: _comparable(item) for name, item in value.items()}
    return [_comparable(item) for item in value] if isinstance(value, list) else value


def _given(value: Any) -> Any:
    if isinstance(value, Mapping):
        if value.get(SIGNATURE) == ARCHIVE:
            return pulumi.FileArchive(value["path"])
        return {name: _given(item) for name, item in value.items()}
    return [_given(item) for item in value] if isinstance(value, list) else value
