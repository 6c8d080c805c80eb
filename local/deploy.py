"""Deploys the Pulumi program to a running emulator, and builds the services that run next to it."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any

from local.emulator.clients import UNCHECKED, Clients
from local.emulator.lean_client import LeanClient
from local.emulator.server import ACCOUNT_ID, Emulator
from local.host.errors import LaptopError
from local.host.state_dir import StateDir
from local.program.config import load_laptop_config, read_project
from local.program.kept import KeptValues
from local.program.manifest import Manifest
from local.program.monitor import Provisioner
from local.program.resources.handler import ProvisioningContext
from local.program.secrets import read_secrets, store_secrets
from local.program.stack import evaluate
from local.reload import Reloader
from local.services.alarms.runner import AlarmEvaluator
from local.services.gateway.build import build_stages
from local.services.gateway.stage import Stage
from local.services.lambdas.forwarder import SOCKET_VARIABLE
from local.services.lambdas.inbox import Inbox
from local.services.lambdas.model import Invoker
from local.services.lambdas.service import LambdaService
from local.services.logs.delivery import LogDelivery
from local.services.metrics.publisher import MetricPublisher
from local.services.metrics.store import MetricStore
from local.services.pipes.runner import PipeRunner
from local.services.states.executions import ExecutionFile
from local.services.states.service import ExpressService
from local.services.states.standard import StandardService
from local.services.states.starting import SyncStarts
from local.services.streams.runner import StreamMappings, by_stream
from local.services.talk import Talk


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """The deployed stack: its outputs, and in `context` what the laptop edition has to run itself."""

    context: ProvisioningContext
    outputs: dict[str, Any]


def deploy(
    config: Mapping[str, str],
    stage: str,
    endpoint: str,
    state: StateDir,
    public_url: str,
    say: Callable[[str], None],
) -> Deployment:
    """Run the program on the emulator, and remove what it no longer declares. Raises `LaptopError`."""
    region = config["aws:region"]
    context = ProvisioningContext(
        clients=Clients(endpoint, region), account=ACCOUNT_ID, region=region, public_url=public_url
    )
    manifest = Manifest(state.manifest(stage))
    provisioner = Provisioner(context, manifest)
    say(f"Creating the resources of stage {stage} ...")
    store_secrets(context.clients, f"/{read_project()['name']}-{stage}/secrets", read_secrets(state.secrets))
    try:
        outputs = evaluate(provisioner, config, stage, kept=KeptValues(state.kept(stage)))
    except LaptopError:
        manifest.save_partial()
        raise
    except Exception as error:
        manifest.save_partial()
        raise _program_error(error, state) from error
    try:
        removed = provisioner.finish()
    except LaptopError:
        manifest.save_partial()
        raise
    note = f", {removed} removed that are no longer declared" if removed else ""
    say(f"{provisioner.count} resources are ready{note}.")
    return Deployment(context=context, outputs=outputs)


@dataclass(frozen=True, kw_only=True)
class Services:
    """What the laptop edition runs itself, because the emulator does not, or does so too slowly. Not yet started.

    `callees` are what callers of the emulator's API reach: functions and machines. `invoked` are the functions that
    state machines name: the first task should find them warm.
    """

    logs: LogDelivery
    metrics: MetricPublisher
    functions: LambdaService
    express: ExpressService
    standard: StandardService
    callees: Invoker
    pipes: list[PipeRunner]
    streams: list[StreamMappings]
    alarms: AlarmEvaluator
    invoked: list[str]


def build_services(deployment: Deployment, state: StateDir, talk: Talk) -> Services:
    """All services that the program declared and that run here. `talk` hears what happens to tasks."""
    clients, deployed = deployment.context.clients, deployment.context.deployed
    logs, store = LogDelivery(LeanClient(clients.build("logs", UNCHECKED)), talk.logged), MetricStore()
    functions = LambdaService(clients, state.code, logs, store)
    express = ExpressService(clients, functions, logs)
    standard = StandardService(express, ExecutionFile(state.executions))
    return Services(
        logs=logs,
        metrics=MetricPublisher(clients, store),
        functions=functions,
        express=express,
        standard=standard,
        callees=SyncStarts(express, functions, others=standard.calls()),
        pipes=[PipeRunner(clients, declared, express.engine_of) for declared in deployed.pipes],
        streams=[StreamMappings(clients, functions, one, talk.changes) for one in by_stream(deployed.streams)],
        alarms=AlarmEvaluator(clients, deployed.alarms),
        invoked=deployed.invoked,
    )


def build_reloader(deployment: Deployment, config: Mapping[str, str], say: Callable[[str], None]) -> Reloader:
    """What gives functions the task types as they are now. Not yet started."""
    names = (name.strip() for name in config["taskline:taskTypePackages"].split(","))
    return Reloader(
        deployment.context.clients.lambda_,
        packages=[name for name in names if name],
        deployed=deployment.outputs["task_types"],
        functions=deployment.outputs["function_names"],
        say=say,
    )


def build_apis(deployment: Deployment) -> dict[str, Stage]:
    """The stages of the APIs that the program declared, by name."""
    context = deployment.context
    return build_stages(context.deployed.gateway, context.account)


@contextlib.contextmanager
def headless(state: StateDir, stage: str = "dev") -> Generator[tuple[Deployment, Services]]:
    """The deployed stack with all services but the front door, for tests and benchmarks.

    Pipes, streams and alarms are not started.
    """
    state.prepare()
    config = load_laptop_config(stage)
    with contextlib.closing(Inbox()) as inbox:
        emulator = Emulator(state, config["aws:region"], _silent, {SOCKET_VARIABLE: inbox.path})
        emulator.start()
        try:
            emulator.wait_until_ready()
            deployment = deploy(config, stage, emulator.endpoint, state, "http://127.0.0.1:0", _silent)
            emulator.recover()
            services = build_services(deployment, state, Talk(_silent))
            inbox.open(services.callees)
            try:
                yield deployment, services
            finally:
                services.standard.close()
                services.functions.close()
                services.logs.close()
        finally:
            emulator.stop()


def _silent(_text: str) -> None:
    """Report no progress."""


def _program_error(error: Exception, state: StateDir) -> LaptopError:
    log = state.program_error
    log.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return LaptopError(
        f"The Pulumi program failed: {type(error).__name__}: {error}\n  at {frame.filename}:{frame.lineno}",
        f"Correct the program or its configuration; the full traceback is in {log}.",
    )
