"""A documented command cannot rot: each is checked, and those that can run on a laptop are run."""

from __future__ import annotations

import pytest

from tests.documents.commands import commands, hidden, run_by
from tests.documents.markdown import DOCUMENTS, Document, Quote
from tests.documents.shell import Shell

READ = [Document.read(path) for path in DOCUMENTS]
QUOTES = [quote for document in READ for quote in commands(document)]


def test_all_commands_stand_in_blocks_marked_sh():
    problems = [problem for document in READ for problem in hidden(document)]
    assert not problems, "\n".join(problems)


def test_the_documents_hold_commands():
    assert {quote.file for quote in QUOTES} >= {"README.md", "docs/express.md"}


@pytest.mark.parametrize("quote", QUOTES, ids=lambda quote: quote.place)
def test_a_quoted_command_has_known_programs_options_and_names(quote: Quote, checker: Shell):
    problems = checker.problems(quote)
    assert not problems, "\n".join(problems)


@pytest.mark.check
@pytest.mark.parametrize("quote", run_by(QUOTES), ids=lambda quote: quote.place)
def test_a_quoted_command_runs(quote: Quote, runner: Shell):
    problems = runner.problems(quote)
    assert not problems, "\n".join(problems)
