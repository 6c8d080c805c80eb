"""What a function's `bootstrap` runs on the laptop: forwards the emulator's invocations to the laptop edition.

The emulator invokes functions for schedules, topics, queues and callers of its API. The laptop edition runs them all
with the same warm workers, logs and metrics; this process only carries events there and outcomes back. It imports
little, because it is started for each concurrent invocation.
"""

from __future__ import annotations

import http.client
import os
import socket
import sys

SOCKET_VARIABLE = "TASKLINE_INVOCATIONS"  # the path of the laptop edition's socket, set for the emulator
SECRET_VARIABLE = "TASKLINE_EMULATOR_SECRET"  # noqa: S105 what the emulator's guard asks for; see emulator_process.py
PREFIX = "/2018-06-01/runtime/invocation"


def main() -> None:
    """Forward until the emulator ends this process, or has itself ended."""
    function = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
    while True:
        response, event = _call("GET", "next")
        if response.status != http.HTTPStatus.OK:
            sys.exit(0)  # the emulator has replaced this environment
        outcome, payload = _forward(function, event)
        _call("POST", f"{response.headers['Lambda-Runtime-Aws-Request-Id']}/{outcome}", payload)


def _call(method: str, path: str, body: bytes | None = None) -> tuple[http.client.HTTPResponse, bytes]:
    """One connection per call: on a kept one the emulator's response waits 40 ms for a delayed acknowledgement."""
    if method == "POST":
        sys.stdout.write("\n")  # ends the emulator's wait for output
        sys.stdout.flush()
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        headers = {"Content-Type": "application/json", "User-Agent": f"app/{os.environ.get(SECRET_VARIABLE, '')}"}
        connection.request(method, f"{PREFIX}/{path}", body, headers)
        response = connection.getresponse()
        return response, response.read()
    except OSError:
        sys.exit(0)
    finally:
        connection.close()


def _forward(function: str, event: bytes) -> tuple[str, bytes]:
    """`response` or `error`, and the payload.

    A line with the function's name precedes the event, a line with the outcome the payload.
    """
    with socket.socket(socket.AF_UNIX) as laptop:
        laptop.connect(os.environ[SOCKET_VARIABLE])
        laptop.sendall(function.encode() + b"\n" + event)
        laptop.shutdown(socket.SHUT_WR)
        response = b"".join(iter(lambda: laptop.recv(65536), b""))
    outcome, _, payload = response.partition(b"\n")
    return outcome.decode(), payload


if __name__ == "__main__":
    main()
