"""The rival, tuned: `async def` around blocking calls. No thread, at the price of a server that one request can block.

On Lambda, where a process serves one request at a time, that is acceptable; elsewhere it is a mistake.
"""

from fastapi import Request
from fastapi.responses import Response

from benchmarks.rivals.fastapi_app import accept, create_app, lambda_handler
from functions.tasks.model import NewTask


async def submit_task(new_task: NewTask, request: Request) -> Response:
    """POST /tasks."""
    return accept(new_task, request)


handler = lambda_handler(create_app(submit_task))
