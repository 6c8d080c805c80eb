"""The laptop edition as a whole: starts everything in order, and stops it in the opposite order."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import sys
from collections.abc import Callable, Generator
from types import ModuleType
from typing import TYPE_CHECKING, Any

from local.emulator.emulator_process import EXECUTIONS_VARIABLE
from local.emulator.orphan import stop_orphan
from local.emulator.server import Emulator
from local.host.disk import Disk
from local.host.options import STOP_SIGNALS, Options
from local.host.state_dir import StateDir, write_json
from local.host.stopping import Stopping, ignore_signals
from local.host.terminal import Terminal
from local.program.config import load_laptop_config
from local.services.http import front_door
from local.services.http.front_door import READS, FrontDoor, OnResponse
from local.services.http.site import Application, Site
from local.services.lambdas.forwarder import SOCKET_VARIABLE
from local.services.lambdas.inbox import Inbox
from local.services.talk import Talk

if TYPE_CHECKING:
    from local.deploy import Deployment, Services
    from local.services.pipes.runner import PipeRunner

WATCH_SECONDS = 0.5
Say = Callable[[str], None]


def run(options: Options, stopping: Stopping) -> None:
    """Start everything, serve until a signal arrives, stop everything. Raises `LaptopError`."""
    with Terminal(sys.stdout) as terminal:
        _run(options, stopping, terminal.say)


def _run(options: Options, stopping: Stopping, say: Say) -> None:
    config = load_laptop_config(options.stage, options.overrides)
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(contextlib.closing(front_door.bind(options.port)))
        state = StateDir(options.state_dir)
        state.acquire()
        stack.callback(state.release)
        inbox = stack.enter_context(contextlib.closing(Inbox()))
        emulator = stack.enter_context(_emulator(state, config["aws:region"], inbox, say, fresh=options.fresh))
        deploy = _load_deploy()
        stopping.check()
        emulator.wait_until_ready()
        public_url = f"http://{front_door.HOST}:{options.port}"
        deployment = deploy.deploy(config, options.stage, emulator.endpoint, state, public_url, say)
        stopping.check()
        emulator.recover()
        services = deploy.build_services(deployment, state, Talk(say, as_json=options.log_as_json))
        inbox.open(services.callees)
        gc.freeze()  # what a start has made stays as long as the process
        gc.enable()
        site = Site(lambda: _console(deployment, options))
        door = FrontDoor(
            listener,
            deploy.build_apis(deployment),
            services.functions,
            _wakes(services.pipes),
            options.hosts,
            Disk(state.path).shortage,
            site=site,
        )
        stack.callback(state.runtime.unlink, missing_ok=True)
        write_json(state.runtime, _runtime(deployment, emulator, public_url))
        try:
            with deploy.build_reloader(deployment, config, say):
                stopping.check()
                asyncio.run(_serve(door, emulator, services, site, say))
        finally:
            ignore_signals()
    emulator.check_saved()
    say("Stopped. Tasks and queues are kept for the next start.")


@contextlib.contextmanager
def _emulator(state: StateDir, region: str, inbox: Inbox, say: Say, *, fresh: bool) -> Generator[Emulator]:
    stop_orphan(state, say)
    if fresh:
        say("Starting empty ...")
        state.clear()
    state.prepare()
    emulator = Emulator(state, region, say, {SOCKET_VARIABLE: inbox.path, EXECUTIONS_VARIABLE: inbox.path})
    try:
        say("Starting the AWS emulator ...")
        emulator.start()
        yield emulator
    finally:
        emulator.stop()


def _load_deploy() -> ModuleType:
    """Pulumi and boto3 take a second to load; meanwhile the emulator starts."""
    from local import deploy

    return deploy


async def _serve(door: FrontDoor, emulator: Emulator, services: Services, site: Site, say: Say) -> None:
    """Serve requests and move messages until a signal arrives; raise if the emulator dies."""
    stop = asyncio.Event()
    for number in STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await door.start()
    for runner in (*services.pipes, *services.streams, services.metrics, services.alarms):
        runner.start()
    say(f"Taskline is ready: {door.api_url}")
    say(f"Its console: {door.url}")
    say(f"Its API, to read and to try: {door.api_url}/docs")
    services.express.warm(pipe.target for pipe in services.pipes)
    services.functions.warm(services.invoked)
    services.standard.resume()
    warming = asyncio.create_task(site.warm())
    try:
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), WATCH_SECONDS)
            if not emulator.running() and not stop.is_set():
                raise emulator.died()
        say("Stopping ...")
    finally:
        warming.cancel()
        await _stop(door, services)


async def _stop(door: FrontDoor, services: Services) -> None:
    """Stop in an order in which nothing waits for what has stopped already."""
    await asyncio.to_thread(services.alarms.stop)
    services.standard.close()
    # First the pipes, whose executions still need the functions; then the streams, which report their last changes;
    # then the front door, the functions, and their last logs and metrics.
    await asyncio.gather(*(asyncio.to_thread(pipe.stop) for pipe in services.pipes))
    await asyncio.gather(*(asyncio.to_thread(stream.stop) for stream in services.streams))
    await door.stop()
    for stop in (services.functions.close, services.logs.close, services.metrics.stop):
        await asyncio.to_thread(stop)


def _console(deployment: Deployment, options: Options) -> Application:
    """The console of this edition."""
    from taskline.console.app import create_app
    from taskline.console.stage import Stage
    from taskline.console.web.templating import prepare

    prepare()
    outputs = deployment.outputs
    stage = Stage(
        name=options.stage,
        url=str(outputs["api_url"]),
        outputs=outputs,
        client=deployment.context.clients.get,
        is_laptop=True,
    )
    own = (f"{name}:{options.port}" for name in (front_door.HOST, "localhost"))
    return create_app(stage, hosts=(*options.hosts, *own))


def _wakes(pipes: list[PipeRunner]) -> OnResponse:
    """A request that the API accepted may have queued a message: a pipe that knows need not wait for its next poll."""

    def accepted(_function: str, verb: str, _resource: str, status: int) -> None:
        if verb not in READS and 200 <= status < 300:
            for pipe in pipes:
                pipe.posted()

    return accepted


def _runtime(deployment: Deployment, emulator: Emulator, public_url: str) -> dict[str, Any]:
    """What a test or a tool needs to reach the running system; the file is removed when the system stops."""
    return {
        "pid": os.getpid(),
        "emulator_pid": emulator.pid,
        "endpoint": emulator.endpoint,
        "region": deployment.context.region,
        "account": deployment.context.account,
        "url": public_url,
        "outputs": deployment.outputs,
    }
