"""A stage in memory: its API behind HTTP, and AWS's replies for what the console reads besides."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import httpx
from botocore.exceptions import ClientError

from functions.api.document.openapi import openapi_document
from functions.task_types import load_task_types

NOW = datetime.now(UTC)
Document = dict[str, Any]


def at(seconds: float) -> str:
    """A time so many seconds ago, as the API writes it."""
    return (NOW - timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def task(number: int, status: str = "succeeded", **fields: Any) -> Document:
    """A task as it is read; each number is a later one."""
    age = 10_000 - number
    made: Document = {
        "task_id": f"01a21df4-c43f-790e-be2b-{number:012}",
        "title": f"Task {number}",
        "description": "A description",
        "priority": "low",
        "type": "demo.echo",
        "ordering_key": "customer-1",
        "data": {"number": number},
        "status": status,
        "attempts": 0 if status in ("queued", "cancelled") else 1,
        "created_at": at(age),
        "history": [{"status": "queued", "at": at(age)}],
    }
    if status in ("processing", "succeeded", "failed"):
        made["started_at"] = at(age - 1)
        made["history"].append({"status": "processing", "at": at(age - 1)})
    if status in ("succeeded", "failed", "cancelled"):
        made["finished_at"] = at(age - 3)
        made["history"].append({"status": status, "at": at(age - 3)})
    if status == "failed":
        made["error"] = {"class": "NETWORK", "type": "TaskNetworkError", "message": f"no route to host {number}"}
    return made | fields


def closed_key(key: str, **fields: Any) -> Document:
    """A closed key as it is read."""
    return {"key": key, "state": "closed", "cause": "failed", "parked": 2, "since": at(600), **fields}


class FakeApi:
    """Lists, reads, submits, cancels and redrives; `calls` are what was asked, `broken` makes every call fail so."""

    def __init__(self, *tasks: Document) -> None:
        self.tasks = {one["task_id"]: one for one in tasks}
        self.calls: list[tuple[str, str, Document]] = []
        self.broken: Callable[[httpx.Request], httpx.Response] | None = None
        self.breaker: Document = {
            "state": "closed",
            "since": at(60),
            "reason": "it is back",
            "by": "anna",
            "manual": False,
            "next_step_at": None,
            "pipe": {"current_state": "RUNNING", "desired_state": "RUNNING", "state_reason": ""},
            "pipe_stopped": False,
        }
        self.stats: Document | None = None
        self.closed: dict[str, Document] = {}
        self.opens = True  # whether opening a key does so at once
        self.page_size = 100
        self.fails_once = 0  # the number of the redrive that fails
        self.document = openapi_document(types=load_task_types())

    @property
    def transport(self) -> httpx.MockTransport:
        """What takes the place of the network."""
        return httpx.MockTransport(self._serve)

    def bodies(self, method: str, path: str) -> list[Document]:
        """The bodies that were sent there."""
        return [body for verb, where, body in self.calls if (verb, where) == (method, path)]

    def _serve(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode().partition("?")[0].removeprefix("/v1")
        body = json.loads(request.content) if request.content else {}
        self.calls.append((request.method, path, body))
        if self.broken is not None:
            return self.broken(request)
        parts = [unquote(part) for part in path.removeprefix("/operations").strip("/").split("/")]
        return self._responses(request.method, parts, dict(request.url.params), body)

    def _responses(self, method: str, parts: list[str], query: Document, body: Document) -> httpx.Response:
        health = {"status": "healthy", "timestamp": at(0)}
        documents = {"openapi.json": self.document, "health": health, "stats": self.stats}
        match (method, parts):
            case ("GET", [name]) if documents.get(name) is not None:
                return httpx.Response(200, json=documents[name])
            case (_, ["breaker"]):
                return self._breaker(body)
            case (_, ["keys", *key]):
                return self._keys(key, query, body)
            case ("POST", ["redrive"]):
                return self._redrive(body)
            case (_, ["tasks", *rest]):
                return self._tasks(method, rest, query, body)
            case _:
                return problem(404, "Not found", "There is nothing here.")

    def _breaker(self, change: Document) -> httpx.Response:
        self.breaker |= {**change, "manual": change["state"] == "open"} if change else {}
        return httpx.Response(200, json=self.breaker)

    def _keys(self, key: list[str], query: Document, change: Document) -> httpx.Response:
        if not key:
            return httpx.Response(200, json={"keys": list(self.closed.values())})
        if change.get("state") == "open" and self.opens:
            self.closed.pop(key[0], None)
        elif change.get("state") == "closed":
            self.closed[key[0]] = closed_key(key[0], cause="held", reason=change["reason"])
        found = self.closed.get(key[0], {})
        is_asked_for = found.get("tenant") == query.get("tenant")
        return httpx.Response(200, json=found if found and is_asked_for else {"key": key[0], "state": "open"})

    def _tasks(self, method: str, rest: list[str], query: Document, body: Document) -> httpx.Response:
        match (method, rest):
            case ("GET", []):
                return self._list(query)
            case ("POST", []):
                return self._submit(body)
            case ("POST", ["batch"]):
                accepted = [self._submit(one).json() for one in body["tasks"]]
                return httpx.Response(207, json={"results": [{"status": 202, "task": one} for one in accepted]})
            case (_, [task_id, *action]) if task_id in self.tasks:
                return self._one(method, self.tasks[task_id], action)
            case _:
                return problem(404, "Not found", "There is no such task.")

    def _one(self, method: str, one: Document, action: list[str]) -> httpx.Response:
        if action == ["redrive"]:
            return self._redrive_one(one)
        one |= {"status": "cancelled"} if method == "DELETE" else {}
        return httpx.Response(200, json=one)

    def _list(self, query: Document) -> httpx.Response:
        unknown = set(query) - {"status", "ordering_key", "limit", "cursor"}
        if unknown:
            return problem(400, "Invalid query", f"unknown: {unknown}")
        newest = sorted(self.tasks.values(), key=lambda one: one["task_id"], reverse=True)
        wanted = [
            one
            for one in newest
            if query.get("status", one["status"]) == one["status"]
            and query.get("ordering_key", one["ordering_key"]) == one["ordering_key"]
        ]
        start, size = int(query.get("cursor", 0)), min(int(query.get("limit", 20)), self.page_size)
        page: Document = {"tasks": [summary(one) for one in wanted[start : start + size]]}
        if len(wanted) > start + size:
            page["cursor"] = str(start + size)
        return httpx.Response(200, json=page)

    def _submit(self, body: Document) -> httpx.Response:
        if body["title"] == "refused":
            errors = [{"field": "title", "message": "is not liked"}]
            return problem(400, "Invalid task", "Nothing was queued.", errors=errors)
        made = task(1_000_000 + len(self.tasks), "queued", **body)
        made.setdefault("ordering_key", "task-processing")
        self.tasks[made["task_id"]] = made
        return httpx.Response(202, json=made)

    def _redrive_one(self, one: Document) -> httpx.Response:
        if one["status"] != "failed":
            return problem(409, "Not failed", f"The task has {one['status']}.")
        report = {"dry_run": False, "tasks": [redriven(one)]}
        queue_again(one)
        return httpx.Response(202, json=report)

    def _redrive(self, body: Document) -> httpx.Response:
        if len(self.bodies("POST", "/redrive")) == self.fails_once:
            return problem(503, "Unavailable", "The queue does not respond.")
        failed = sorted(
            (
                one
                for one in self.tasks.values()
                if one["status"] == "failed"
                and body.get("error_class", one["error"]["class"]) == one["error"]["class"]
                and body.get("type", one["type"]) == one["type"]
                and body.get("ordering_key", one["ordering_key"]) == one["ordering_key"]
            ),
            key=lambda one: (one["ordering_key"], one["task_id"]),
        )
        start = int(body.get("continuation") or 0) if body["dry_run"] else 0
        page = failed[start : start + body["limit"]]
        report: Document = {"dry_run": body["dry_run"], "tasks": [redriven(one) for one in page], "malformed": []}
        if not body["dry_run"]:
            for one in page:
                queue_again(one)
        if len(failed) > start + body["limit"]:
            report["continuation"] = str(start + body["limit"])
        return httpx.Response(200, json=report)


def summary(one: Document) -> Document:
    """A task as a list has it."""
    names = ("task_id", "status", "type", "priority", "ordering_key", "attempts", "created_at", "started_at")
    kept = {name: one[name] for name in (*names, "finished_at", "tenant") if name in one}
    return kept | ({"error_class": one["error"]["class"]} if one["status"] == "failed" else {})


def redriven(one: Document) -> Document:
    """A task in the report of a redrive."""
    names = ("task_id", "ordering_key", "type")
    kept = {name: one[name] for name in names}
    return kept | {"error_class": one["error"]["class"], "failed_at": one["finished_at"], "redrives": 1}


def queue_again(one: Document) -> None:
    """What a redrive does to a record."""
    one["status"] = "queued"
    del one["error"], one["finished_at"]


def problem(status: int, title: str, detail: str, **more: Any) -> httpx.Response:
    """A problem document of the API."""
    headers = {"x-amzn-requestid": "req-4711"}
    return httpx.Response(status, json={"title": title, "status": status, "detail": detail, **more}, headers=headers)


OUTPUTS: Document = {
    "table_name": "taskline-dev-tasks",
    "queue_url": "https://sqs.example/tasks.fifo",
    "dead_letter_queue_url": "https://sqs.example/dead-letters.fifo",
    "pipe_name": "taskline-dev-tasks-pipe",
    "task_types": {"default": {}, "demo.echo": {}, "demo.flaky": {}},
}


class FakeAws:
    """Replies in the form of AWS. `denied` are services that refuse."""

    def __init__(self, api: FakeApi) -> None:
        self._api = api
        self.denied: set[str] = set()
        self.depth = {"ApproximateNumberOfMessages": "7", "ApproximateNumberOfMessagesNotVisible": "2"}
        self.metrics: list[tuple[Document, list[tuple[datetime, Document]]]] = []
        self.alarms: list[Document] = []

    def client(self, service: str) -> Any:
        """A client, which looks up what was asked in this very object."""
        return _Client(self, service)

    def reply(self, service: str, operation: str, request: Document) -> Document:
        """The reply to one request."""
        if service in self.denied:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "secret AKIA"}}, operation)
        return getattr(self, operation)(request)

    def get_queue_attributes(self, request: Document) -> Document:
        more = {"MessageRetentionPeriod": "345600", "VisibilityTimeout": "124"}
        return {"Attributes": self.depth | (more if request["AttributeNames"] == ["All"] else {})}

    def describe_alarms(self, _request: Document) -> Document:
        return {"MetricAlarms": self.alarms, "CompositeAlarms": []}

    def get_function_configuration(self, request: Document) -> Document:
        variables = {"FAILURE_PERCENT": "50", "MINIMUM_ATTEMPTS": "20", "PERIOD_SECONDS": "60",
                     "COOL_DOWN_SECONDS": "61", "PROBE_SECONDS": "62", "A_SECRET": "hidden"}  # fmt: skip
        return {"Environment": {"Variables": variables}, "Timeout": 30, "MemorySize": 256}

    def list_metrics(self, _request: Document) -> Document:
        return {"Metrics": [metric for metric, _ in self.metrics]}

    def get_metric_data(self, request: Document) -> Document:
        return {"MetricDataResults": [self._series(query) for query in request["MetricDataQueries"]]}

    def batch_get_item(self, request: Document) -> Document:
        ((table, wanted),) = request["RequestItems"].items()
        assert len(wanted["Keys"]) <= 100
        ids = [key["task_id"]["S"] for key in wanted["Keys"]]
        return {"Responses": {table: [self._item(one) for one in ids if one in self._api.tasks]}}

    def _series(self, query: Document) -> Document:
        wanted = query["MetricStat"]
        points = next(points for metric, points in self.metrics if metric == wanted["Metric"])
        values = [(moment, value[wanted["Stat"]]) for moment, value in points if wanted["Stat"] in value]
        return {"Id": query["Id"], "Timestamps": [one for one, _ in values], "Values": [one for _, one in values]}

    def _item(self, task_id: str) -> Document:
        error = self._api.tasks[task_id].get("error")
        item: Document = {"task_id": {"S": task_id}}
        return item | ({"error": {"M": {name: {"S": text} for name, text in error.items()}}} if error else {})


class _Client:
    def __init__(self, aws: FakeAws, service: str) -> None:
        self._aws = aws
        self._service = service

    def __getattr__(self, operation: str) -> Any:
        return lambda **request: self._aws.reply(self._service, operation, request)

    def get_paginator(self, operation: str) -> Any:
        return _Paginator(self, operation)


class _Paginator:
    def __init__(self, client: _Client, operation: str) -> None:
        self._client = client
        self._operation = operation

    def paginate(self, **request: Any) -> list[Document]:
        return [getattr(self._client, self._operation)(**request)]
