"""The mock provider behind the Pulumi program: registering a resource creates it on the emulator."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs, Mocks

from local.host.errors import LaptopError
from local.program import invokes
from local.program.manifest import Entry, Manifest
from local.program.properties import plain, reject_unknown
from local.program.registry import HANDLERS
from local.program.resources.handler import ProvisioningContext, ResourceHandler


class Provisioner(Mocks):
    """Stands in for the AWS provider, with real resources. Pulumi calls it from several threads concurrently."""

    def __init__(
        self,
        context: ProvisioningContext,
        manifest: Manifest,
        handlers: Mapping[str, ResourceHandler] = HANDLERS,
    ) -> None:
        self._context = context
        self._manifest = manifest
        self._handlers = handlers
        self._lock = threading.Lock()
        self.count = 0

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        return invokes.call(self._context, args.token, plain(args.args)), []

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if not args.custom:
            return args.name, plain(args.inputs)  # a component exists only inside Pulumi
        inputs: dict[str, Any] = plain(args.inputs)
        handler = self._handler(args)
        reject_unknown(handler, args.name, inputs)
        inputs.setdefault("name", args.name)
        try:
            made = handler.ensure(self._context, inputs)
        except (ClientError, BotoCoreError) as error:
            raise _rejected(args, error) from error
        self._manifest.record(Entry(args.typ, made.key or made.id))
        with self._lock:
            self.count += 1
        return made.id, {**inputs, **made.outputs}

    def finish(self) -> int:
        """Remove what earlier runs created and the program no longer declares. Returns the number of resources."""
        return self._manifest.finish(self._remove)

    def _remove(self, entry: Entry) -> None:
        handler = self._handlers.get(entry.type)
        if handler is not None:
            handler.remove(self._context, entry.key)

    def _handler(self, args: MockResourceArgs) -> ResourceHandler:
        if args.resource_id:
            raise LaptopError(
                f"Resource `{args.name}` ({args.typ}) is read or imported by id {args.resource_id}.",
                "Declare it in the program: on the laptop no resource exists beforehand.",
            )
        handler = self._handlers.get(args.typ)
        if handler is None:
            raise LaptopError(
                f"The laptop edition does not know resource type {args.typ} (resource `{args.name}`).",
                "Write a handler for it in local/program/resources/ and list it in local/program/registry.py.",
            )
        return handler


def _rejected(args: MockResourceArgs, error: Exception) -> LaptopError:
    return LaptopError(
        f"The emulator rejected resource `{args.name}` ({args.typ}): {error}",
        "Correct the program. If state of an older version is in the way, start empty with `make run FRESH=1`.",
    )
