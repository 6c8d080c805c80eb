"""A documented command cannot rot: each is checked here without being run; `test_running.py` runs them."""

from __future__ import annotations

import pytest

from tests.documents.running.commands import QUOTES, READ, hidden
from tests.documents.running.markdown import Quote
from tests.documents.running.shell import Shell


def test_all_commands_stand_in_blocks_marked_sh():
    problems = [problem for document in READ for problem in hidden(document)]
    assert not problems, "\n".join(problems)


def test_the_documents_hold_commands():
    assert {quote.file for quote in QUOTES} >= {
        *("README.md", "CONTRIBUTING.md", "docs/tutorial/first-task-type.md", "docs/guides/api.md"),
        *("docs/guides/operations.md", "docs/guides/deploy.md", "docs/reference/express.md"),
    }


@pytest.mark.parametrize("quote", QUOTES, ids=lambda quote: quote.place)
def test_a_quoted_command_has_known_programs_options_and_names(quote: Quote, checker: Shell):
    problems = checker.problems(quote)
    assert not problems, "\n".join(problems)
