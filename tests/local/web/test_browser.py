"""Web pages in a real browser against a running laptop edition: none reads anything, none changes anything.

A page knows both ports, the ids of tasks and the fixed credential of the emulator. It comes from another origin, or
its name is rebound to 127.0.0.1. The same page succeeds against servers that have no guard.
"""

from __future__ import annotations

import base64
import io
import json
import os
import queue
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from local.emulator.clients import Clients
from local.emulator.server import Emulator
from local.host.state_dir import StateDir
from tests.local.laptop import Laptop, eventually
from tests.local.web.chromium import browsing, needed
from tests.local.web.sites import Results, Site, Unguarded, page, rebinding, serving

pytestmark = [pytest.mark.check, pytest.mark.nightly]
REPORT_SECONDS = 120
REFUSAL = re.compile("is not served here|Only Taskline itself may use its emulator|403 - Request forbidden")
RAN = "code of a page ran here"
Known = dict[str, str]
KNOWN: Known = {"queued": "one", "failed": "two"}
OPEN_READS = {"read /v1/tasks?ordering_key=private", "read /v1/tasks/one", "read /v1/breaker", "read /"}


@pytest.fixture(scope="module", autouse=True)
def browser() -> str:
    """Before any laptop edition is started for it."""
    return needed()


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    laptop = Laptop(tmp_path_factory.mktemp("browser") / "state")
    laptop.start()
    yield laptop
    laptop.ensure_stopped()


@pytest.fixture(scope="module")
def known(attacked: Laptop) -> Known:
    """A task that could be redriven, and one that could be cancelled because its pipe is stopped."""
    failing = {"probability": 1.0, "error_class": "VALIDATION"}
    failed = attacked.post(type="demo.flaky", data=failing, ordering_key="failing")
    assert attacked.finished(failed)["status"] == "failed"
    attacked.clients.get("pipes").stop_pipe(Name=attacked.outputs["pipe_name"])
    eventually(lambda: "pipe stopped" in attacked.output)
    return {"failed": failed, "queued": attacked.post(title="private words", ordering_key="private")}


def state(laptop: Laptop, known: Known) -> dict[str, Any]:
    """Everything that a page could have changed."""
    clients = laptop.clients
    records = clients.get("dynamodb").scan(TableName=laptop.outputs["table_name"], ConsistentRead=True)["Items"]
    return {
        "tasks": {name: laptop.read(task)["status"] for name, task in known.items()},
        "records": sorted(item["body"]["S"] for item in records if "body" in item),
        "breaker": laptop.request("GET", "/v1/breaker").json["state"],
        **resources(clients),
    }


def resources(clients: Clients) -> dict[str, list[str]]:
    """The queues and functions of an emulator."""
    functions: list[Any] = clients.get("lambda").list_functions(MaxItems=50)["Functions"]
    return {
        "queues": sorted(clients.sqs.list_queues().get("QueueUrls", [])),
        "functions": sorted(f"{one['FunctionName']} {one['CodeSha256']}" for one in functions),
    }


def ports(laptop: Laptop) -> tuple[int, list[int]]:
    """The port of the emulator, and those on which it hands out invocations."""
    main = int(laptop.runtime["endpoint"].rpartition(":")[2])
    emulator = psutil.Process(laptop.runtime["emulator_pid"])
    listening = {one.laddr.port for one in emulator.net_connections("tcp") if one.status == psutil.CONN_LISTEN}
    return main, sorted(listening - {main})


def plan(site: Site, **what: Any) -> dict[str, Any]:
    """What the page does; `attack` in `attacks.js` explains it."""
    return {"report": site.report_url, "door": None, "emulators": [], "code": archive(), "without": [], **what}


def archive() -> str:
    """The code of a function, as Lambda takes it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as content:
        content.writestr("page.py", f"def handler(event, context):\n    return {RAN!r}\n")
    return base64.b64encode(buffer.getvalue()).decode()


def browse(site: Site, url: str, folder: Path, hosts: str) -> Results:
    """What the page at the URL reports."""
    profile = folder / f"profile-{os.urandom(4).hex()}"
    with browsing(needed(), url, hosts, profile):
        try:
            return site.reports.get(timeout=REPORT_SECONDS)
        except queue.Empty:
            pytest.fail(f"the page did not report; the browser printed:\n{profile.with_suffix('.log').read_text()}")


def visit(host: str, folder: Path, **what: Any) -> Results:
    """What a page reports that this host serves, on a port of its own."""
    site = Site()
    with serving(site):
        site.plan = plan(site, **what)
        return browse(site, f"http://{host}:{site.port}/", folder, "MAP *.example 127.0.0.1")


def rebind(target: int, folder: Path, **what: Any) -> Results:
    """What a page reports whose own name stands for the server on the port `target` once it is loaded."""
    site, name = Site(), f"rebound.example:{target}"
    with serving(site), rebinding(page(plan(site, **what)), target) as relay:
        return browse(site, f"http://{name}/page", folder, f"MAP {name} 127.0.0.1:{relay}")


def own(target: int) -> str:
    return f"http://rebound.example:{target}"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1"], ids=["of another site", "of another port"])
def test_a_page_of_another_origin_reads_nothing_and_changes_nothing(
    attacked: Laptop, known: Known, tmp_path: Path, host: str
) -> None:
    attacked.clients.lambda_.invoke(
        FunctionName="taskline-dev-breaker", Payload=b"{}"
    )  # so that it has an environment
    before = state(attacked, known)
    emulator, environments = ports(attacked)
    assert environments
    targets = [f"http://127.0.0.1:{port}" for port in (emulator, *environments)]
    results = visit(host, tmp_path, door=attacked.url, emulators=targets, known=known)
    assert len(results) > 30 + 15 * len(targets)
    assert [result for result in results if result["text"]] == [], "it could read nothing"
    assert state(attacked, known) == before


@pytest.mark.nightly
def test_a_page_whose_name_is_rebound_to_the_front_door_is_refused(
    attacked: Laptop, known: Known, tmp_path: Path
) -> None:
    before = state(attacked, known)
    assert_refused(rebind(attacked.port, tmp_path, door=own(attacked.port), known=known))
    assert state(attacked, known) == before


def test_a_page_whose_name_is_rebound_to_the_emulator_is_refused(
    attacked: Laptop, known: Known, tmp_path: Path
) -> None:
    before = state(attacked, known)
    emulator, environments = ports(attacked)
    for port in (emulator, *environments[:1]):
        assert_refused(rebind(port, tmp_path, emulators=[own(port)]))
    assert state(attacked, known) == before


def assert_refused(results: Results) -> None:
    """It is of the same origin, and can read whatever it gets. So it must get nothing but refusals."""
    assert len(results) > 15
    assert {result["status"] for result in results} == {0, 403}
    texts = {result["text"] for result in results} - {""}
    assert texts, "it has read the refusals"
    assert [text for text in texts if not REFUSAL.search(text)] == []


@pytest.fixture
def unguarded(tmp_path: Path) -> Iterator[tuple[Unguarded, Emulator]]:
    """A server like a front door without its checks, and an emulator without its guard."""
    directory = StateDir(tmp_path / "unguarded")
    directory.prepare()
    emulator = Emulator(directory, "us-east-1", guarded=False)
    server = Unguarded()
    try:
        emulator.start()
        emulator.wait_until_ready()
        with serving(server):
            yield server, emulator
    finally:
        emulator.stop()


@pytest.mark.nightly
def test_the_same_page_succeeds_where_there_is_no_guard(unguarded: tuple[Unguarded, Emulator], tmp_path: Path) -> None:
    server, emulator = unguarded
    door, inside = f"http://127.0.0.1:{server.port}", emulator.endpoint.replace("//@", "//")
    results = visit(
        "evil.example", tmp_path, door=door, emulators=[inside], known=KNOWN, without=["forget everything"]
    )
    assert_attacked(server)
    readable = {result["name"] for result in results if result["text"]}
    assert readable > {*OPEN_READS, "submit as JSON", "cancel", "redrive", "open the breaker", "events"}
    assert readable > {"list queues", "list tables", "list functions"}
    assert {result["text"] for result in results if result["name"] == "run code"} == {f'"{RAN}"'}
    assert_taken(Clients(emulator.endpoint, "us-east-1"))


@pytest.mark.nightly
def test_the_same_page_succeeds_through_a_rebound_name_where_there_is_no_guard(
    unguarded: tuple[Unguarded, Emulator], tmp_path: Path
) -> None:
    server, emulator = unguarded
    results = rebind(server.port, tmp_path, door=own(server.port), known=KNOWN)
    assert_attacked(server)
    assert {result["name"] for result in results if "unguarded" in result["text"]} > OPEN_READS
    port, clients = int(emulator.endpoint.rpartition(":")[2]), Clients(emulator.endpoint, "us-east-1")
    results = rebind(port, tmp_path, emulators=[own(port)], without=["forget everything"])
    assert_taken(clients)
    assert {result["text"] for result in results if result["name"] == "run code"} == {f'"{RAN}"'}
    rebind(port, tmp_path, emulators=[own(port)])
    assert resources(clients) == {"queues": [], "functions": []}, "a page can make it forget everything"


def assert_attacked(server: Unguarded) -> None:
    """Every kind of request that could change something has arrived, and with a task that could have been read."""
    asked = {(method, path) for method, path, _, _ in server.asked}
    assert asked > {
        ("POST", "/v1/tasks"),
        ("POST", "/v1/tasks/batch"),
        ("POST", "/v1/redrive"),
        ("PUT", "/v1/breaker"),
    }
    assert asked > {("DELETE", "/v1/tasks/one"), ("POST", "/v1/tasks/two/redrive")}
    submitted = {kind: body for method, path, kind, body in server.asked if (method, path) == ("POST", "/v1/tasks")}
    assert set(submitted) > {None, "text/plain;charset=UTF-8", "text/plain", "application/json"}
    for kind in (None, "text/plain;charset=UTF-8", "text/plain"):
        assert json.loads(submitted[kind])["title"] == "from a page", kind


def assert_taken(clients: Clients) -> None:
    """The page has made queues and functions of its own."""
    taken = resources(clients)
    assert len(taken["queues"]) == 5
    assert [name.split()[0] for name in taken["functions"]] == ["from-a-page-1", "from-a-page-2"]
