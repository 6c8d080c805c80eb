"""The stage's API as documents: what it sends, as it sends it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import quote

import httpx

from taskline.console.basis.stage import Stage

Document = dict[str, Any]
TIMEOUT_SECONDS = 30.0


class Problem(Exception):
    """The API refused, or did not answer (`status` 0). `errors` are (field, message)."""

    def __init__(
        self,
        status: int,
        title: str,
        detail: str = "",
        *,
        errors: list[tuple[str, str]] | None = None,
        request: str = "",
    ) -> None:
        super().__init__(detail or title)
        self.status = status
        self.title = title
        self.detail = detail
        self.errors = errors or []
        self.request_id = request


class StageApi:
    """Calls of the API, for any thread. Each raises `Problem` unless it succeeds."""

    def __init__(self, stage: Stage, transport: httpx.BaseTransport | None = None) -> None:
        headers = {"x-api-key": stage.api_key} if stage.api_key else {}
        self._url = stage.url
        self._http = httpx.Client(
            base_url=stage.url,
            headers=headers,
            auth=stage.auth,
            timeout=TIMEOUT_SECONDS,
            transport=transport,
            trust_env=False,
        )

    def task(self, task_id: str) -> Document:
        """A task."""
        return self._call("GET", f"/tasks/{quote(task_id, safe='')}")

    def tasks(self, **filters: Any) -> Document:
        """A page of tasks, with a `cursor` if there are more."""
        return self._call("GET", "/tasks", params={name: value for name, value in filters.items() if value})

    def submit(self, task: Mapping[str, Any], idempotency_key: str) -> Document:
        """Submit a task."""
        return self._call("POST", "/tasks", json=task, headers={"Idempotency-Key": idempotency_key})

    def submit_many(self, tasks: list[Document], idempotency_key: str) -> list[Document]:
        """Submit up to 25 tasks; the outcome of each."""
        headers = {"Idempotency-Key": idempotency_key}
        return self._call("POST", "/tasks/batch", json={"tasks": tasks}, headers=headers)["results"]

    def cancel(self, task_id: str) -> Document:
        """Cancel a task that is queued."""
        return self._call("DELETE", f"/tasks/{quote(task_id, safe='')}")

    def redrive_task(self, task_id: str) -> Document:
        """Redrive a failed task."""
        return self._call("POST", f"/tasks/{quote(task_id, safe='')}/redrive")

    def redrive(self, **request: Any) -> Document:
        """Redrive what matches, or list it (`dry_run`)."""
        return self._call(
            "POST", "/redrive", json={name: one for name, one in request.items() if one not in (None, "")}
        )

    def breaker(self) -> Document:
        """The circuit breaker and its pipe."""
        return self._call("GET", "/breaker")

    def set_breaker(self, state: str, reason: str) -> Document:
        """Open or close the circuit breaker."""
        return self._call("PUT", "/breaker", json={"state": state, "reason": reason})

    def stats(self) -> Document | None:
        """Counts of tasks, None if the API does not count."""
        try:
            return self._call("GET", "/stats")
        except Problem as problem:
            if problem.status in (404, 405, 403):
                return None
            raise

    def health(self) -> Document:
        """Whether the API responds."""
        return self._call("GET", "/health")

    def openapi(self) -> Document:
        """The API's document."""
        return self._call("GET", "/openapi.json")

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _call(self, method: str, path: str, **options: Any) -> Document:
        try:
            response = self._http.request(method, path, **options)
        except httpx.HTTPError as error:
            raise Problem(0, "The API does not respond", f"{self._url} does not respond: {error}") from error
        if response.is_success:
            return cast("Document", response.json())
        raise _problem(response)


def _problem(response: httpx.Response) -> Problem:
    try:
        document = cast("Document", response.json())
    except ValueError:
        document = {}
    errors = [(str(one.get("field")), str(one.get("message"))) for one in document.get("errors", ())]
    title = str(document.get("title") or response.reason_phrase)
    detail = str(document.get("detail") or document.get("message") or "")
    request = response.headers.get("x-amzn-requestid", "")
    return Problem(response.status_code, title, detail, errors=errors, request=request)
