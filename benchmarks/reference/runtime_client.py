"""The runtime of the reference's functions: AWS's own Lambda runtime client on the emulator's runtime API."""

from __future__ import annotations

import http
import http.client
import os
import sys
from typing import Any

# awslambdaric ships no type information.
from awslambdaric import bootstrap  # pyright: ignore[reportMissingTypeStubs]
from awslambdaric.lambda_runtime_client import (  # pyright: ignore[reportMissingTypeStubs]
    ERROR_TYPE_HEADER,
    InvocationRequest,
    LambdaRuntimeClient,
)

PREFIX = "/2018-06-01/runtime/invocation"
XRAY_HEADER = "Lambda-Runtime-Function-XRay-Error-Cause"
JSON = "application/json"


class FreshConnectionClient(LambdaRuntimeClient):
    """The runtime client with one connection per call.

    The emulator writes header and body of `/next` in two segments. On a kept-alive connection the second waits for a
    delayed acknowledgement: 41 of the 52 ms that a warm call takes. A new connection acknowledges immediately.
    """

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self._address = address

    def wait_next_invocation(self) -> Any:
        response, body = self._call("GET", f"{PREFIX}/next")
        if response.status != http.HTTPStatus.OK:
            sys.exit(0)  # the emulator has replaced this worker
        header = response.headers.get
        return InvocationRequest(
            invoke_id=header("Lambda-Runtime-Aws-Request-Id"),
            x_amzn_trace_id=header("Lambda-Runtime-Trace-Id"),
            invoked_function_arn=header("Lambda-Runtime-Invoked-Function-Arn"),
            deadline_time_in_ms=int(header("Lambda-Runtime-Deadline-Ms", "0")),
            client_context=header("Lambda-Runtime-Client-Context"),
            cognito_identity=header("Lambda-Runtime-Cognito-Identity"),
            tenant_id=header("Lambda-Runtime-Aws-Tenant-Id"),
            content_type=header("Content-Type"),
            event_body=body,
            invocation_id=header("Lambda-Runtime-Invocation-Id"),
        )

    def post_invocation_result(
        self, invoke_id: str, result_data: str | bytes, content_type: str = JSON, invocation_id: str | None = None
    ) -> None:
        del invocation_id  # only multi-concurrent runtimes need it
        _end_of_output()
        data = result_data if isinstance(result_data, bytes) else result_data.encode()
        self._call("POST", f"{PREFIX}/{invoke_id}/response", data, {"Content-Type": content_type})

    def post_invocation_error(
        self, invoke_id: str, error_response_data: str, xray_fault: str, invocation_id: str | None = None
    ) -> None:
        del invocation_id  # only multi-concurrent runtimes need it
        _end_of_output()
        headers = {"Content-Type": JSON, ERROR_TYPE_HEADER: "Unhandled", XRAY_HEADER: _header_value(xray_fault)}
        self._call("POST", f"{PREFIX}/{invoke_id}/error", error_response_data.encode(), headers)

    def _call(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[http.client.HTTPResponse, bytes]:
        connection = http.client.HTTPConnection(self._address)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response, response.read()
        except OSError:
            # The runtime API is gone, and so is the emulator.
            sys.exit(0)
        finally:
            connection.close()


def _end_of_output() -> None:
    """Show the emulator that the output of this invocation is complete.

    It waits 50 ms for a first line from a function that prints none. An empty last line ends the wait and leaves no
    trace in the log.
    """
    sys.stdout.write("\n")
    sys.stdout.flush()


def _header_value(text: str) -> str:
    """The text if it can be an HTTP header, else "": the error itself must not be lost because of its trace."""
    return text if text.isascii() and "\n" not in text and len(text) < 32_000 else ""


def main() -> None:
    """Serve invocations until the emulator ends this process."""
    bootstrap.run(os.environ["_HANDLER"], FreshConnectionClient(os.environ["AWS_LAMBDA_RUNTIME_API"]))


if __name__ == "__main__":
    main()
