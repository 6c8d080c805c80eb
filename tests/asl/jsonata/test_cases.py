"""Every case in `cases/`: an expression has the outcome that its case states."""

import json

import pytest

from tests.asl.jsonata.case_files import all_cases, outcome_of


@pytest.mark.parametrize("case", all_cases(), ids=str)
def test_an_expression_has_the_outcome_of_its_case(case):
    assert as_text(outcome_of(case)) == as_text(case.expected), case.rule


def as_text(outcome):
    """JSON text, because Python takes `1`, `1.0` and `True` for the same."""
    return json.dumps(outcome, sort_keys=True, ensure_ascii=False)
