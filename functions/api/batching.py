"""The answer to a batch: what became of each task, as a single request would have been told."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from functions.api.links import task_document
from functions.api.messages import Request, Response, answer, problem_body, unavailable
from functions.tasks.errors import Refused, Unavailable
from functions.tasks.intake.batch import NotTried, Outcome
from functions.tasks.intake.idempotency import REPLAYED_HEADER
from functions.tasks.intake.submission import Accepted


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many tasks of a batch went which way."""

    accepted: int
    replayed: int
    unavailable: int


def count(outcomes: Sequence[Outcome]) -> Counts:
    """How many tasks were new, how many were known, and how many can be tried again."""
    accepted = [one for one in outcomes if isinstance(one, Accepted)]
    replayed = sum(one.replayed for one in accepted)
    failed = sum(isinstance(one, Unavailable) for one in outcomes)
    return Counts(accepted=len(accepted) - replayed, replayed=replayed, unavailable=failed)


def batch_answer(request: Request, outcomes: Sequence[Outcome]) -> Response:
    """207 with one result a task. It counts as replayed when it made no task, and has nothing to be tried again."""
    counts = count(outcomes)
    headers: dict[str, str] = {}
    if counts.replayed and not counts.accepted and not counts.unavailable:
        headers[REPLAYED_HEADER] = "true"
    if counts.unavailable:
        headers.update(unavailable().headers)
    results = [_result(request, position, outcome) for position, outcome in enumerate(outcomes)]
    return answer(207, {"results": results}, headers)


def _result(request: Request, position: int, outcome: Outcome) -> dict[str, Any]:
    if isinstance(outcome, Accepted):
        # Without the result: 25 of them could be more than Lambda answers.
        task = {
            name: value for name, value in task_document(outcome.record, request.stage).items() if name != "result"
        }
        location = {"location": f"/{request.stage}/tasks/{outcome.record.task_id}"}
        return {"status": 202, **location, **({"replayed": True} if outcome.replayed else {}), "task": task}
    refused = _refused(outcome)
    problem = problem_body(refused, f"/{request.stage}{request.resource}#/tasks/{position}")
    return {"status": refused.status, "problem": problem}


def _refused(outcome: Refused | Unavailable) -> Refused:
    if isinstance(outcome, Refused):
        return outcome
    return unavailable(str(outcome)) if isinstance(outcome, NotTried) else unavailable()
