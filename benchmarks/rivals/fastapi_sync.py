"""The rival as FastAPI's documentation has it: `def` for what blocks, as AWS calls do; FastAPI runs it in a thread."""

from fastapi import Request
from fastapi.responses import Response

from benchmarks.rivals.fastapi_app import accept, create_app, lambda_handler
from functions.tasks.model import NewTask


def submit_task(new_task: NewTask, request: Request) -> Response:
    """POST /tasks."""
    return accept(new_task, request)


handler = lambda_handler(create_app(submit_task))
