"""A documented command works: those that can run on a laptop are run, on one laptop edition for all of them."""

from __future__ import annotations

import pytest

from tests.documents.running.commands import QUOTES, run_by
from tests.documents.running.markdown import Quote
from tests.documents.running.shell import Shell

pytestmark = pytest.mark.check


@pytest.mark.parametrize("quote", run_by(QUOTES), ids=lambda quote: quote.place)
def test_a_quoted_command_runs(quote: Quote, runner: Shell):
    problems = runner.problems(quote)
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("curl -s $API/task", "GET /v1/task returns 404"),
        ("curl -s -X POST $API/tasks/TASK_ID/redrives", "returns 404"),
        ("curl -s $API/tasks/SOME_ID", "does not know what SOME_ID stands for"),
        ("curl -s https://example.com/v1/docs", "is not the address of the laptop edition"),
        (".venv/bin/python -m asl INPUT.json DEFINITION.asl.json", "exits with 2"),
        (".venv/bin/python -m benchmarks.laptop --long", "does not mention '--long'"),
        (".venv/bin/python -m tests.simulation --amount 3", "unrecognized arguments: --amount"),
        (".venv/bin/python -m local", "does not know how to run the module local"),
    ],
)
def test_a_command_that_fails_is_reported_with_file_and_line(command: str, message: str, runner: Shell):
    (problem,) = runner.problems(Quote("some.md", 10, f"make help\n{command}"))
    assert problem.startswith("some.md:11: ")
    assert message in problem


def test_variables_of_a_block_reach_its_later_requests(runner: Shell):
    block = "API=http://127.0.0.1:4000\nCODE='import json, sys; print(json.load(sys.stdin)[\"openapi\"])'\n"
    assert runner.problems(Quote("some.md", 10, f'{block}curl -s "$API/v1/openapi.json" | python3 -c "$CODE"')) == []
