"""The console as an ASGI application."""

from __future__ import annotations

from collections.abc import Collection

import httpx
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from taskline.console.basis.stage import Stage
from taskline.console.pages import (
    dead_letters,
    execution,
    gates,
    loads,
    ordering_keys,
    overview,
    preferences,
    redrives,
    submit,
    system,
    task,
    tasks,
)
from taskline.console.reading.api import Problem, StageApi
from taskline.console.reading.failures import Errors
from taskline.console.web.console import Console
from taskline.console.web.guard import Guard, Refused
from taskline.console.web.page import changes, problem_page, shows
from taskline.console.web.templating import STATIC

_YEAR = 365 * 86_400


def create_app(
    stage: Stage, *, hosts: Collection[str] = (), transport: httpx.BaseTransport | None = None
) -> Starlette:
    """The console of a stage, for requests that name one of `hosts` (with their ports), or this machine itself.

    `transport` takes the place of the network.
    """
    app = Starlette(
        routes=[*_routes(), Mount("/static", _Static(directory=STATIC))],
        middleware=[Middleware(Guard, hosts=hosts), Middleware(GZipMiddleware, minimum_size=1024)],
        exception_handlers={
            Problem: _problem,
            Refused: _refused,
            HTTPException: _http_error,
        },
    )
    app.state.console = Console(stage=stage, api=StageApi(stage, transport), errors=Errors(stage))
    return app


def _routes() -> list[Route]:
    post = ["POST"]
    return [
        Route("/", shows(overview.overview)),
        Route("/breaker", changes(overview.switch), methods=post),
        Route("/tasks", shows(tasks.tasks)),
        Route("/executions", shows(execution.execution)),
        Route("/executions/events.json", shows(execution.events)),
        Route("/find", shows(tasks.find_one)),
        Route("/tasks/{task_id}", shows(task.task)),
        Route("/tasks/{task_id}/{part:str}.json", shows(task.download)),
        Route("/tasks/{task_id}/redrive", changes(task.redrive), methods=post),
        Route("/tasks/{task_id}/cancel", changes(task.cancel), methods=post),
        Route("/submit", shows(submit.form)),
        Route("/submit", changes(submit.submit), methods=post),
        Route("/keys", shows(ordering_keys.ordering_keys)),
        Route("/keys/close", changes(gates.close), methods=post),
        Route("/keys/open", changes(gates.open_key), methods=post),
        Route("/keys/show", shows(ordering_keys.one_key)),
        Route("/dead-letters", shows(dead_letters.dead_letters)),
        Route("/dead-letters/redrive", shows(dead_letters.preview)),
        Route("/dead-letters/redrive", changes(redrives.start), methods=post),
        Route("/dead-letters/group", shows(dead_letters.preview_group)),
        Route("/dead-letters/group", changes(redrives.start_group), methods=post),
        Route("/redrives/{job_id}", shows(redrives.show)),
        Route("/redrives/{job_id}/stop", changes(redrives.stop), methods=post),
        Route("/redrives/{job_id}/go-on", changes(redrives.go_on), methods=post),
        Route("/loads", changes(loads.start), methods=post),
        Route("/loads/{job_id}", shows(loads.show)),
        Route("/loads/{job_id}/stop", changes(loads.stop), methods=post),
        Route("/system", shows(system.system)),
        Route("/preferences", changes(preferences.choose), methods=post),
    ]


class _Static(StaticFiles):
    """Static files, whose addresses change with their content."""

    def file_response(self, *args: object, **options: object) -> Response:
        response = super().file_response(*args, **options)  # pyright: ignore[reportArgumentType]
        response.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable"
        return response

    async def get_response(self, path: str, scope: Scope) -> Response:
        return await super().get_response(path, scope)


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return problem_page(request, error)


async def _refused(request: Request, error: Exception) -> Response:
    return problem_page(request, Problem(403, "Refused", str(error)))


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    titles = {404: "There is no such page", 405: "This page does not take that method"}
    return problem_page(
        request, Problem(error.status_code, titles.get(error.status_code, error.detail), request.url.path)
    )
