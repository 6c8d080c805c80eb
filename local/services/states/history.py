"""GetExecutionHistory: the events of a Standard execution, page by page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from asl import HistoryEvent
from asl.execution.records import history_record
from asl.starting import NotStarted
from local.services.states.executions import ExecutionFile

PAGE: Final = 100
MOST: Final = 1000


class InvalidToken(NotStarted):
    """This is no token of a page."""

    code = "InvalidToken"


def history(file: ExecutionFile, request: Mapping[str, Any]) -> dict[str, Any]:
    """A page of events. Its token is the id of its last event, so that a page is the same while events are added."""
    most = _page_size(request.get("maxResults"))
    found = _events(file, request, most + 1)
    page, include_data = found[:most], request.get("includeExecutionData", True)
    more = {"nextToken": str(page[-1].id)} if len(found) > most else {}
    return {"events": [history_record(event, include_data) for event in page], **more}


def _events(file: ExecutionFile, request: Mapping[str, Any], most: int) -> list[HistoryEvent]:
    arn, last = request["executionArn"], _last(request.get("nextToken"))
    if request.get("reverseOrder"):
        return file.events_back(arn, last, most)
    return file.events(arn, last or 0, most)


def _page_size(asked: int | None) -> int:
    """0 stands for the usual size, as on AWS."""
    if asked is not None and not 0 <= asked <= MOST:
        raise NotStarted(f"maxResults is {asked}; it can be from 0 to {MOST}")
    return asked or PAGE


def _last(token: str | None) -> int | None:
    if token is None:
        return None
    if not token.isdecimal():
        raise InvalidToken(f"Invalid Token: '{token}'")
    return int(token)
