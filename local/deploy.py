"""Brings the Pulumi program to life on a running emulator."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local.alarm_runner import Alarms
from local.clients import Clients
from local.emulator import ACCOUNT_ID
from local.engine import ExpressService
from local.errors import LaptopError
from local.gateway import Gateway
from local.pipe_runner import Pipe
from local.provisioner import Context, Provisioner
from local.provisioner.manifest import Manifest
from local.stack import evaluate
from local.state_dir import StateDir
from local.stream_runner import StreamMapping


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """The living stack: its exports, and what was declared that the laptop edition itself has to run."""

    context: Context
    outputs: dict[str, Any]


def deploy(
    config: Mapping[str, str],
    stage: str,
    endpoint: str,
    state: StateDir,
    public_url: str,
    say: Callable[[str], None],
) -> Deployment:
    """Run the program against the emulator, and remove what an earlier version of it left. Raises `LaptopError`."""
    region = config["aws:region"]
    context = Context(clients=Clients(endpoint, region), account=ACCOUNT_ID, region=region, public_url=public_url)
    manifest = Manifest(state.manifest(stage))
    provisioner = Provisioner(context, manifest)
    say(f"Creating the resources of stage {stage} ...")
    try:
        outputs = evaluate(provisioner, config, stage)
    except LaptopError:
        manifest.save_partial()
        raise
    except Exception as error:
        manifest.save_partial()
        raise _program_error(error, state) from error
    removed = provisioner.finish()
    note = f", {removed} of an earlier version removed" if removed else ""
    say(f"{provisioner.count} resources are there{note}.")
    return Deployment(context=context, outputs=outputs)


def build_express(deployment: Deployment) -> ExpressService:
    """What runs the state machines that the program declared."""
    return ExpressService(deployment.context.clients)


def build_pipes(deployment: Deployment, express: ExpressService) -> list[Pipe]:
    """The pipes that the program declared, not yet started."""
    context = deployment.context
    return [Pipe(context.clients, declared, express.engine_of) for declared in context.deployed.pipes]


def build_streams(deployment: Deployment, state: StateDir) -> list[StreamMapping]:
    """The event source mappings on streams that the program declared, not yet started."""
    context = deployment.context
    return [
        StreamMapping(context.clients, declared, state.undone(declared.function))
        for declared in context.deployed.streams
    ]


def build_alarms(deployment: Deployment) -> Alarms:
    """What evaluates the alarms that the program declared, not yet started."""
    context = deployment.context
    return Alarms(context.clients, context.deployed.alarms)


def stage_urls(deployment: Deployment) -> dict[str, str]:
    """The emulator's URL of each API stage, by stage name."""
    context = deployment.context
    base = f"{context.clients.endpoint}/_aws/execute-api"
    return {stage.name: f"{base}/{stage.api_id}/{stage.name}" for stage in context.deployed.stages}


def build_gateway(deployment: Deployment) -> Gateway:
    """What the front door does in the place of API Gateway."""
    deployed = deployment.context.deployed
    return Gateway(
        minimum_compression_bytes=deployed.compression, api_keys=deployed.api_keys if deployed.keyed else {}
    )


def _program_error(error: Exception, state: StateDir) -> LaptopError:
    log = state.program_error
    log.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return LaptopError(
        f"The Pulumi program failed: {type(error).__name__}: {error}\n  at {frame.filename}:{frame.lineno}",
        f"Correct the program or its configuration; the whole traceback is in {log}.",
    )
