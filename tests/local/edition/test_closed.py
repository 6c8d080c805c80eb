"""Only the edition's own processes reach its emulator, and web pages reach no operation of operators."""

import contextlib
import http.client
import json
import os
import shutil
import socket
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from local.emulator.address import split
from tests.local.laptop import Laptop

NOBODY = 65534
SYSTEM_PYTHON = shutil.which("python3", path="/usr/bin:/usr/local/bin")  # one that every user may run
ROOT = {"Authorization": "AWS4-HMAC-SHA256 Credential=test/20260131/us-east-1/sqs/aws4_request, Signature=0"}


def processes(laptop: Laptop) -> Iterator[psutil.Process]:
    """Every process of the edition."""
    main = psutil.Process(laptop.runtime["pid"])
    yield main
    yield from main.children(recursive=True)


def listeners(laptop: Laptop) -> Iterator[tuple[str, int]]:
    """Every address on which the edition listens, over IPv4 and IPv6, or takes datagrams."""
    for process in processes(laptop):
        with contextlib.suppress(psutil.NoSuchProcess):  # workers come and go
            for connection in process.net_connections("inet"):
                if connection.status == psutil.CONN_LISTEN or connection.type == socket.SOCK_DGRAM:
                    yield connection.laddr.ip, connection.laddr.port


def unix_sockets(laptop: Laptop) -> Iterator[str]:
    """The path of every socket of the edition that has one; one without a path cannot be connected to."""
    for process in processes(laptop):
        with contextlib.suppress(psutil.NoSuchProcess):
            yield from (str(one.laddr) for one in process.net_connections("unix") if one.laddr)


def start_an_environment(laptop: Laptop) -> None:
    """Invoke a function through the emulator, as a schedule does: the emulator hands it out on a port of its own."""
    laptop.clients.lambda_.invoke(FunctionName="taskline-dev-breaker", Payload=b"{}")


def status(port: int, path: str, headers: dict[str, str], method: str = "GET", body: str | None = None) -> int:
    """The response's status; 403, too, from a function environment that has ended meanwhile."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body, headers)
        found = connection.getresponse().status
    except ConnectionError:
        return 403
    connection.close()
    return found


def test_no_listening_socket_but_the_front_door_serves_a_stranger(laptop: Laptop) -> None:
    start_an_environment(laptop)
    found = set(listeners(laptop))
    assert {address for address, _ in found} == {"127.0.0.1"}, "nothing is reachable from other machines"
    others = {port for _, port in found} - {laptop.port}
    assert int(laptop.runtime["endpoint"].rpartition(":")[2]) in others, "the emulator listens"
    assert len(others) > 1, "a function environment has a port, too"
    for port in others:
        for path in ("/", "/_ministack/ready", "/_ministack/config", "/?Action=ListQueues&X-Amz-Credential=test"):
            for headers in ({}, ROOT, {"User-Agent": "app/guessed"}):
                assert status(port, path, headers) == 403, f"{port}{path} {headers}"


def test_no_other_user_of_this_machine_reaches_a_socket_that_is_a_file(laptop: Laptop) -> None:
    start_an_environment(laptop)
    paths = {Path(path) for path in unix_sockets(laptop)}
    assert {path.name for path in paths} == {"invocations"}, "and it is no abstract one, which has no owner"
    for folder in {path.parent for path in paths}:
        found = folder.stat()
        assert (found.st_uid, stat.S_IMODE(found.st_mode)) == (os.getuid(), 0o700), "only its owner can enter"


@pytest.mark.skipif(os.getuid() != 0 or SYSTEM_PYTHON is None, reason="only root can try it as another user")
def test_another_user_is_turned_away_from_a_socket_that_is_a_file(laptop: Laptop) -> None:
    start_an_environment(laptop)
    assert SYSTEM_PYTHON is not None
    program = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
    for path in set(unix_sockets(laptop)):
        for user, ends in ((0, 0), (NOBODY, 1)):
            command = [SYSTEM_PYTHON, "-I", "-c", program, path]
            tried = subprocess.run(command, user=user, cwd="/", capture_output=True, text=True, check=False)
            assert tried.returncode == ends, tried.stderr
            assert ends == 0 or "PermissionError" in tried.stderr


def test_even_the_secret_does_not_let_a_web_page_in(laptop: Laptop) -> None:
    """Even a page that had the secret could not use it: browsers name themselves."""
    secret, endpoint = split(laptop.runtime["endpoint"])
    port, known = int(endpoint.rpartition(":")[2]), {"User-Agent": f"app/{secret}"}
    assert status(port, "/_ministack/ready", known) == 200
    assert status(port, "/_ministack/ready", known | {"Origin": "http://evil.example"}) == 403
    assert status(port, "/_ministack/ready", known | {"Sec-Fetch-Site": "cross-site"}) == 403
    assert status(port, "/_ministack/ready", known | {"Host": f"rebound.example:{port}"}) == 403


@pytest.mark.parametrize(("method", "path"), [("POST", "/v1/redrive"), ("PUT", "/v1/breaker"), ("GET", "/v1/breaker")])
def test_pages_of_other_origins_may_call_no_operation_of_operators(laptop: Laptop, method: str, path: str) -> None:
    """Dev allows every origin, and asks operators for no signature: a page in a browser here must not be one."""
    page = {"Origin": "http://evil.example", "Content-Type": "application/json"}
    body = json.dumps({"state": "open", "reason": "a page"}) if method == "PUT" else None
    assert status(laptop.port, path, page, method, body) == 403
    assert laptop.request("GET", "/v1/breaker").json["state"] == "closed"
    own = {"Origin": f"http://127.0.0.1:{laptop.port}"}
    assert status(laptop.port, "/v1/breaker", own) == 200


def test_a_page_cannot_submit_what_needs_no_preflight(laptop: Laptop) -> None:
    """A body without a type, or with one that a form may have, is sent by a browser without asking first."""
    task = json.dumps({"title": "t", "description": "d", "priority": "low"})
    for headers in ({}, {"Content-Type": "text/plain"}, {"Content-Type": "application/x-www-form-urlencoded"}):
        assert status(laptop.port, "/v1/tasks", headers | {"Origin": "http://evil.example"}, "POST", task) == 415


def test_another_host_name_is_refused(laptop: Laptop) -> None:
    assert status(laptop.port, "/v1/health", {"Host": "rebound.example"}) == 403
    assert status(laptop.port, "/v1/health", {"Host": f"localhost:{laptop.port}"}) == 200


@pytest.mark.nightly
def test_an_address_that_is_not_allowed_is_refused_as_api_gateway_refuses_it(
    new_laptop: Callable[..., Laptop],
) -> None:
    laptop = new_laptop(**{"taskline:allowedAddresses": "203.0.113.0/24"})
    laptop.start()
    for method, path in (
        ("GET", "/v1/health"),
        ("POST", "/v1/tasks"),
        ("OPTIONS", "/v1/tasks"),
        ("GET", "/v1/breaker"),
    ):
        refused = laptop.request(method, path)
        assert (refused.status, refused.headers["x-amzn-ErrorType"]) == (403, "AccessDeniedException")
        assert "from 127.0.0.1 with an explicit deny" in refused.json["detail"]
