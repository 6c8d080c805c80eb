"""The laptop edition as a whole: what is started in which order, and stopped in the opposite one."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Generator
from types import ModuleType
from typing import TYPE_CHECKING, Any

from local import front_door
from local.config import load_config
from local.emulator import Emulator, stop_orphan
from local.front_door import FrontDoor
from local.options import STOP_SIGNALS, Options
from local.state_dir import StateDir, write_json

if TYPE_CHECKING:
    from local.alarm_runner import Alarms
    from local.deploy import Deployment
    from local.engine import ExpressService
    from local.pipe_runner import Pipe
    from local.stream_runner import StreamMapping

WATCH_SECONDS = 0.5
# Functions on the laptop import from the virtual environment, so the layer that `pulumi up` uploads is not built.
LAPTOP_CONFIG = {"dependencyLayer": "not-used-on-the-laptop.zip"}


def say(text: str) -> None:
    """A line of progress for the person at the terminal."""
    print(text, flush=True)


def run(options: Options) -> None:
    """Start everything, serve until a signal comes, stop everything. Raises `LaptopError`."""
    config = load_config(options.stage, {**LAPTOP_CONFIG, **options.overrides})
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(contextlib.closing(front_door.bind(options.port)))
        state = StateDir(options.state_dir)
        state.acquire()
        stack.callback(state.release)
        emulator = stack.enter_context(_emulator(state, config["aws:region"], fresh=options.fresh))
        deploy = _load_deploy()
        emulator.wait_until_ready()
        public_url = f"http://{front_door.HOST}:{options.port}"
        deployment = deploy.deploy(config, options.stage, emulator.endpoint, state, public_url, say)
        express = deploy.build_express(deployment)
        pipes = deploy.build_pipes(deployment, express)
        streams = deploy.build_streams(deployment, state)
        alarms = deploy.build_alarms(deployment)
        door = FrontDoor(listener, deploy.stage_urls(deployment), gateway=deploy.build_gateway(deployment))
        stack.callback(state.runtime.unlink, missing_ok=True)
        write_json(state.runtime, _runtime(deployment, emulator, public_url))
        try:
            asyncio.run(_serve(door, emulator, pipes, streams, alarms, express))
        finally:
            _ignore_signals()  # a second Ctrl-C must not cut the emulator off from saving its state
    say("Stopped. Tasks and queues are kept for the next start.")


@contextlib.contextmanager
def _emulator(state: StateDir, region: str, *, fresh: bool) -> Generator[Emulator]:
    stop_orphan(state, say)
    if fresh:
        say("Starting empty ...")
        state.clear()
    state.prepare()
    emulator = Emulator(state, region, say)
    try:
        say("Starting the AWS emulator ...")
        emulator.start()
        yield emulator
    finally:
        emulator.stop()


def _load_deploy() -> ModuleType:
    """Pulumi and boto3 take a second to load, in which the emulator starts."""
    from local import deploy

    return deploy


async def _serve(
    door: FrontDoor,
    emulator: Emulator,
    pipes: list[Pipe],
    streams: list[StreamMapping],
    alarms: Alarms,
    express: ExpressService,
) -> None:
    """Answer and move messages until a signal comes; raise when the emulator dies."""
    stop = asyncio.Event()
    for number in STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await door.start()
    for runner in (*pipes, *streams, alarms):
        runner.start()
    say(f"Taskline is ready: {door.api_url}")
    express.warm(pipe.target for pipe in pipes)
    try:
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), WATCH_SECONDS)
            if not emulator.running() and not stop.is_set():
                raise emulator.died()
        say("Stopping ...")
    finally:
        await asyncio.to_thread(alarms.stop)
        # First the pipe, so that what it has begun can still reach the functions; then what tells of its last changes,
        # and its last logs; then the door.
        await asyncio.gather(*(asyncio.to_thread(pipe.stop) for pipe in pipes))
        await asyncio.gather(*(asyncio.to_thread(stream.stop) for stream in streams))
        await asyncio.to_thread(express.close)
        await door.stop()


def _ignore_signals() -> None:
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _runtime(deployment: Deployment, emulator: Emulator, public_url: str) -> dict[str, Any]:
    """What a test or a tool needs to reach the running system; it is gone when the system is."""
    return {
        "pid": os.getpid(),
        "emulator_pid": emulator.pid,
        "endpoint": emulator.endpoint,
        "region": deployment.context.region,
        "account": deployment.context.account,
        "url": public_url,
        "outputs": deployment.outputs,
    }
