"""What a batch of tasks is answered with: one result per task, in the order of the request."""

from typing import Any

from functions.api.headers import REPLAYED_HEADER
from functions.api.http import Request, Response, json_response
from functions.api.problems import Problem, rejected, unavailable
from functions.api.tasks import task_document, task_path
from functions.tasks.errors import Rejected, Unavailable
from functions.tasks.intake.batch import BatchOutcome, NotAttempted, Outcome
from functions.tasks.intake.submission import Accepted


def batch_response(batch: BatchOutcome, request: Request) -> Response:
    """207 with one result per task. It is a replay if it created no task and none has to be tried again."""
    outcomes = batch.outcomes
    replays = [one.replayed for one in outcomes if isinstance(one, Accepted)]
    failed = any(isinstance(one, Unavailable) for one in outcomes)
    headers: dict[str, str] = {}
    if replays and all(replays) and not failed:
        headers[REPLAYED_HEADER] = "true"
    if failed:
        headers |= unavailable().headers
    results = [_result(request, position, outcome) for position, outcome in enumerate(outcomes)]
    return json_response(207, {"batch_id": batch.batch_id, "results": results}, headers)


def _result(request: Request, position: int, outcome: Outcome) -> dict[str, Any]:
    if isinstance(outcome, Accepted):
        task = task_document(outcome.record, request.stage)
        task.pop("result", None)  # 25 of them could exceed Lambda's response limit
        location = {"location": task_path(outcome.record, request.stage)}
        return {"status": 202, **location, **({"replayed": True} if outcome.replayed else {}), "task": task}
    problem = _problem(outcome)
    document = problem.document(f"/{request.stage}{request.resource}#/tasks/{position}")
    return {"status": problem.status, "problem": document}


def _problem(outcome: Rejected | Unavailable) -> Problem:
    if isinstance(outcome, Rejected):
        return rejected(outcome)
    return unavailable(outcome if isinstance(outcome, NotAttempted) else None)
