"""`console`: the web console of a stage, on this machine alone."""

from __future__ import annotations

from typing import Annotated, Any, cast

import typer

from taskline.cli.basis.exits import CommandFailed, usage
from taskline.cli.running.command import command
from taskline.cli.running.session import Session

HOST = "127.0.0.1"


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "console", example="taskline console --stage prod --port 4001")(console)


def console(
    session: Session,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="The port on 127.0.0.1.")] = 4001,
) -> None:
    """Serve the web console of a stage until Ctrl-C, to this machine alone, with your own AWS credentials.

    The console of a running laptop edition is already at its own address.
    """
    stage = session.stage
    if not stage.knows_its_stack:
        raise usage(
            f"The console reads the resources of a stack, and {stage.url} does not name one.",
            "Name the stage: --stage NAME.",
        )
    try:
        from hypercorn import asyncio as hypercorn
        from hypercorn.config import Config

        from taskline.console.app import create_app
        from taskline.console.stage import Stage
    except ModuleNotFoundError as error:
        raise CommandFailed(
            title=f"The console is not installed: {error.name} is missing.",
            remedy="Run `pip install 'taskline[console]'`.",
        ) from error
    import asyncio

    app: Any = create_app(
        Stage(
            name=stage.name,
            url=stage.url,
            outputs=stage.outputs,
            client=stage.account.client,
            is_laptop=stage.is_laptop,
            auth=session.auth(),
            api_key=stage.api_key,
        )
    )
    config = Config()
    config.bind = [f"{HOST}:{port}"]
    config.accesslog = None
    url = f"http://{HOST}:{port}/"
    if session.output.is_text:
        session.output.text(f"The console of {stage.name}: {url} (Ctrl-C ends it)")
    else:
        session.output.document({"stage": stage.name, "url": url})
    serve: Any = cast("Any", hypercorn).serve  # its types are not complete
    asyncio.run(serve(app, config))
