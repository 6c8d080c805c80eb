"""Runs the Pulumi program, `__main__.py`, unchanged, with a mock monitor in place of the Pulumi engine."""

from __future__ import annotations

import asyncio
import contextlib
import runpy
import sys
import threading
from collections.abc import Awaitable, Callable, Generator, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any, cast

import pulumi
from pulumi.runtime import resource as pulumi_resource
from pulumi.runtime import set_all_config
from pulumi.runtime.mocks import MockEngine, MockMonitor, Mocks
from pulumi.runtime.proto.source_pb2 import StackTrace
from pulumi.runtime.settings import Settings, configure, get_root_resource
from pulumi.runtime.stack import run_in_stack as _run_in_stack  # pyright: ignore[reportUnknownVariableType]

from local.host.options import PROJECT_ROOT
from local.program.config import read_project
from local.program.kept import KeptValues

_POSITIONS = "_get_stack_trace"
run_in_stack = cast("Callable[[Callable[[], None]], Awaitable[None]]", _run_in_stack)


class Monitor(MockMonitor):
    """Pulumi's mock monitor, which does not know `ignore_changes`, with the values that are kept because of it."""

    def __init__(self, mocks: Mocks, kept: KeptValues | None) -> None:
        super().__init__(mocks)
        self._kept = kept

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 Pulumi's name
        if self._kept is not None:
            urn = self.make_urn(request.parent, request.type, request.name)
            self._kept.apply(urn, list(request.ignoreChanges), request.object)
        return super().RegisterResource(request)


def evaluate(
    mocks: Mocks,
    config: Mapping[str, str],
    stack: str,
    preview: bool = False,
    root: Path = PROJECT_ROOT,
    kept: KeptValues | None = None,
    monitor: type[Monitor] = Monitor,
) -> dict[str, Any]:
    """Run the program once, to its end, and return its resolved outputs.

    `mocks` stands in for the provider, `kept` has what earlier runs made, `monitor` takes the place of the engine. In
    a preview, an output that is not known yet is `pulumi.UNKNOWN`. An error of the program or of `mocks` is raised
    unchanged. Each call starts afresh: Pulumi keeps its state in context variables, and a new thread has a new
    context.
    """
    result: Future[dict[str, Any]] = Future()

    def work() -> None:
        try:
            result.set_result(_evaluate(monitor(mocks, kept), config, stack, preview, root))
        except BaseException as error:  # raised to the caller, whatever it is
            result.set_exception(error)

    # A daemon thread, so that Ctrl-C during the start does not wait for the rest of the program.
    threading.Thread(target=work, name="pulumi-program", daemon=True).start()
    return result.result()


def _evaluate(monitor: Monitor, config: Mapping[str, str], stack: str, preview: bool, root: Path) -> dict[str, Any]:
    configure(
        Settings(
            project=read_project(root)["name"],
            stack=stack,
            monitor=monitor,
            engine=MockEngine(None),
            dry_run=preview,
            root_directory=str(root),
        )
    )
    set_all_config(dict(config))
    loop = asyncio.new_event_loop()
    # The failure of a resource reaches every task that waits for it; it is raised once, below, which is enough.
    loop.set_exception_handler(lambda _loop, _context: None)
    asyncio.set_event_loop(loop)
    try:
        with _as_pulumi_runs_it(root):
            return loop.run_until_complete(_run(root / "__main__.py"))
    finally:
        _cancel_rest(loop)
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


def _cancel_rest(loop: asyncio.AbstractEventLoop) -> None:
    """After an error: cancel what still waits for the resource that failed."""
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))


async def _run(program: Path) -> dict[str, Any]:
    await run_in_stack(lambda: _execute(program))
    root = cast("Any", get_root_resource())
    exports: dict[str, Any] = {}
    for name, value in root.outputs.items():
        exports[name] = await pulumi.Output.from_input(value).future(with_unknowns=True)
    return exports


def _execute(program: Path) -> None:
    runpy.run_path(str(program), run_name="__main__")


@contextlib.contextmanager
def _as_pulumi_runs_it(root: Path) -> Generator[None]:
    """The language host runs a program in the project's folder, with that folder first on the import path."""
    sys.path.insert(0, str(root))
    try:
        with contextlib.chdir(root), _without_positions():
            yield
    finally:
        sys.path.remove(str(root))


@contextlib.contextmanager
def _without_positions() -> Generator[None]:
    """Pulumi notes where in the program each resource is made, which only its own engine shows.

    That takes a sixth of the time. There is no setting for it.
    """
    usual = getattr(pulumi_resource, _POSITIONS, None)
    if usual is None:
        yield
        return
    setattr(pulumi_resource, _POSITIONS, StackTrace)
    try:
        yield
    finally:
        setattr(pulumi_resource, _POSITIONS, usual)
