"""A worker: AWS's own Lambda runtime client around the deployed code, with the laptop edition at the other end.

Started with `python -P`, so that this file's folder is not on the import path and `functions` means the deployed
package ($LAMBDA_TASK_ROOT), not the repository.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TextIO

    from local.services.lambdas.frames import Link

LINK_VARIABLE = "TASKLINE_WORKER_LINK"  # the descriptor of the worker's end of the socket


class Lines:
    """Standard output of the function: each line goes to the laptop edition as soon as it is complete.

    `print` writes a line in pieces; the pieces of two threads must not be mixed up.
    """

    def __init__(self, stream: TextIO, runtime: Runtime) -> None:
        self._stream = stream
        self._runtime = runtime
        self._partial = threading.local()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Take text; complete lines are sent."""
        whole, newline, rest = (getattr(self._partial, "text", "") + text).rpartition("\n")
        self._partial.text = rest
        if newline and whole:
            self._runtime.log(whole)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Take several texts."""
        self.write("".join(lines))

    def flush(self) -> None:
        """Flush the stream's own buffer; here, only an incomplete line waits."""
        self._stream.flush()


class Runtime:
    """What `awslambdaric` needs of a runtime client."""

    def __init__(self, link: Link, frames: Any, marshaller: Any) -> None:
        self._link = link
        self._frames = frames
        self._turn = threading.Lock()
        self._ready = False
        self.marshaller = marshaller

    def wait_next_invocation(self) -> Any:
        """The next event; ends the process when the laptop edition is gone."""
        if not self._ready:
            self._ready = True
            self._send(self._frames.READY, b"")
        try:
            _, body = self._link.receive()
        except self._frames.Closed:
            sys.exit(0)
        head, _, event = body.partition(b"\n")
        header = json.loads(head)
        return SimpleNamespace(
            invoke_id=header["request_id"],
            x_amzn_trace_id=None,
            invoked_function_arn=header["arn"],
            deadline_time_in_ms=header["deadline"],
            client_context=None,
            cognito_identity=None,
            tenant_id=None,
            content_type="application/json",
            event_body=event,
            invocation_id=None,
        )

    def post_invocation_result(
        self, invoke_id: str, result_data: str | bytes, content_type: str = "", invocation_id: str | None = None
    ) -> None:
        """The function returned."""
        del invoke_id, content_type, invocation_id
        self._send(self._frames.RESULT, result_data if isinstance(result_data, bytes) else result_data.encode())

    def post_invocation_error(
        self, invoke_id: str, error_response_data: str, xray_fault: str, invocation_id: str | None = None
    ) -> None:
        """The function raised."""
        del invoke_id, xray_fault, invocation_id
        self._send(self._frames.ERROR, error_response_data.encode())

    def post_init_error(self, error_response_data: Any, error_type_override: str | None = None) -> None:
        """The function could not be loaded; the process ends."""
        del error_type_override
        self._send(self._frames.INIT_ERROR, json.dumps(error_response_data).encode())

    def log(self, text: str) -> None:
        """Send complete lines; any thread of the function may print."""
        self._send(self._frames.LINE, text.encode(errors="replace"))

    def _send(self, kind: int, body: bytes) -> None:
        with self._turn:
            try:
                self._link.send(kind, body)
            except self._frames.Closed:
                os._exit(0)  # the laptop edition is gone


def main() -> None:
    """Serve invocations until the laptop edition closes the connection."""
    _end_first()
    frames = _frames()
    # Imported here, because the laptop edition imports this file, too. awslambdaric ships no type information.
    from awslambdaric import bootstrap  # pyright: ignore[reportMissingTypeStubs]
    from awslambdaric.lambda_runtime_marshaller import (  # pyright: ignore[reportMissingTypeStubs]
        LambdaMarshaller,
    )

    end = socket.socket(fileno=int(os.environ.pop(LINK_VARIABLE)))
    end.set_inheritable(False)  # a child of the function must not keep it open when the function is gone
    runtime = Runtime(frames.Link(end), frames, LambdaMarshaller())
    sys.stdout = cast("TextIO", Lines(sys.stdout, runtime))
    sys.stderr = cast("TextIO", Lines(sys.stderr, runtime))
    bootstrap.run(os.environ["_HANDLER"], runtime)


def _end_first() -> None:
    """Should the machine run out of memory, the kernel ends functions and not the laptop edition or anything else."""
    with contextlib.suppress(OSError):  # Linux alone
        Path("/proc/self/oom_score_adj").write_text("1000")


def _frames() -> Any:
    """The module `frames`. This file's folder is on the import path for this import only, so that the function cannot
    import anything that is not deployed with it."""
    folder = str(Path(__file__).parent)
    sys.path.append(folder)
    try:
        import frames  # pyright: ignore[reportMissingImports]
    finally:
        sys.path.remove(folder)
        sys.modules.pop("frames", None)
    return cast("Any", frames)


if __name__ == "__main__":
    main()
