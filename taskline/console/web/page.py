"""From a request to a page: what templates get, what forms have to carry, and what becomes of errors."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from taskline.console.reading.api import Problem
from taskline.console.web.console import Console
from taskline.console.web.guard import Refused
from taskline.console.web.templating import environment
from taskline.console.web.viewer import viewer_of

SEE_OTHER: Final = 303
NOTICE_COOKIE: Final = "taskline_notice"
NAVIGATION: Final = (
    ("/", "Overview", "overview"),
    ("/tasks", "Tasks", "tasks"),
    ("/keys", "Ordering keys", "keys"),
    ("/dead-letters", "Dead letters", "dead-letters"),
    ("/submit", "Submit", "submit"),
    ("/system", "System", "system"),
)
EXPECTED: Final = (Problem, Refused, HTTPException)
LOGGER: Final = logging.getLogger("taskline.console")
Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A form that was sent by one of our own pages."""

    request: Request
    form: FormData

    def text(self, name: str) -> str:
        """A field, without white space around it; empty if it is missing."""
        value = self.form.get(name, "")
        return value.strip() if isinstance(value, str) else ""

    def texts(self, name: str) -> list[str]:
        """All values of a field."""
        return [value for value in self.form.getlist(name) if isinstance(value, str)]


def console_of(request: Request) -> Console:
    """The console that serves this request."""
    return request.app.state.console


def render(request: Request, template: str, *, status: int = 200, **context: Any) -> Response:
    """A page. `section` is the entry of the navigation that it belongs to, `command` its match on the command line."""
    console = console_of(request)
    page = (
        environment()
        .get_template(template)
        .render(
            viewer=viewer_of(request),
            stage=console.stage,
            token=console.tokens.token,
            navigation=NAVIGATION,
            here=_path(request),
            notice=request.cookies.get(NOTICE_COOKIE, ""),
            api_docs=f"{console.stage.url}/docs",
            **{"section": "", "command": "", "live": False, **context},
        )
    )
    response = HTMLResponse(page, status)
    if NOTICE_COOKIE in request.cookies:
        response.delete_cookie(NOTICE_COOKIE, path="/")
    return response


def shows(read: Callable[[Request], Response]) -> Endpoint:
    """A page that reads: in a thread, since what it reads from blocks."""

    async def endpoint(request: Request) -> Response:
        try:
            return await run_in_threadpool(read, request)
        except EXPECTED:
            raise
        except Exception:
            return _mistake(request)

    return endpoint


def changes(act: Callable[[Sent], Response]) -> Endpoint:
    """What a form does, once it is certain that one of our own pages sent it. What was read before is read anew."""

    async def endpoint(request: Request) -> Response:
        console = console_of(request)
        form = await request.form(max_files=1, max_fields=2000)
        console.tokens.check(request, form)
        try:
            return await run_in_threadpool(act, Sent(request=request, form=form))
        except EXPECTED:
            raise
        except Exception:
            return _mistake(request)
        finally:
            console.shared.forget()

    return endpoint


def go_to(address: str, notice: str = "") -> Response:
    """See another page, which says once what was done. Addresses are paths of our own."""
    own = address if address.startswith("/") and not address.startswith(("//", "/\\")) else "/"
    response = RedirectResponse(own, SEE_OTHER)
    if notice:
        response.set_cookie(
            NOTICE_COOKIE,
            notice.encode("ascii", "replace").decode(),
            max_age=30,
            samesite="strict",
            path="/",
            httponly=True,
        )
    return response


def problem_page(request: Request, problem: Problem) -> Response:
    """What the API says, for a person: never a traceback."""
    status = problem.status if 400 <= problem.status < 600 else 502
    return render(
        request, "problem.html", status=status, title=problem.title, problem=problem, advice=_advice(problem)
    )


def _mistake(request: Request) -> Response:
    """A page without the traceback, which is where the console runs."""
    LOGGER.exception("the console failed at %s", request.url.path)
    return render(request, "internal.html", status=500, title="Internal error")


def _advice(problem: Problem) -> str:
    if problem.status == 0:
        return "Is the stage running? The page works again as soon as its API responds."
    if problem.status in (401, 403):
        return "The credentials may have expired, or lack the right. Renew them, and start the console again."
    if problem.status == 404:
        return "Nothing has that id here. Records expire after the retention period that the stage sets."
    if problem.status in (429, 503):
        return "Wait a moment, and try again."
    return ""


def _path(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")
