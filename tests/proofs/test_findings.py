"""Acceptances are honest: each has a reason, and something to accept."""

import pytest

from tests.proofs.accepted import BANDIT, CHECKOV, DEFINITION, POLICIES
from tests.proofs.findings import Accepted, Finding, objections

FOUND = [Finding("RULE1", "dev/a-queue", "is open"), Finding("RULE2", "dev/a-table")]


def test_what_is_accepted_is_no_objection() -> None:
    assert objections(FOUND, {("RULE1", "dev/a-queue"): "it has to be", ("RULE2", "*"): "so have all"}) == []


def test_what_is_not_accepted_is_one() -> None:
    assert objections(FOUND, {("RULE1", "*"): "it has to be"}) == ["RULE2 dev/a-table: "]
    accepted_elsewhere = {("RULE1", "prod/*"): "it has to be", ("RULE2", "*"): "so have all"}
    assert "RULE1 dev/a-queue: is open" in objections(FOUND, accepted_elsewhere)


def test_an_acceptance_of_nothing_is_one() -> None:
    accepted = {("RULE1", "*"): "it has to be", ("RULE2", "*"): "so have all", ("RULE3", "*"): "it was once"}
    assert objections(FOUND, accepted) == ["accepted, but not found: RULE3 *"]


def test_an_acceptance_without_a_reason_is_one() -> None:
    assert objections(FOUND[:1], {("RULE1", "*"): ""}) == ["accepted without a reason: RULE1 *"]


@pytest.mark.parametrize("accepted", [BANDIT, CHECKOV, DEFINITION, POLICIES])
def test_each_reason_is_a_sentence(accepted: Accepted) -> None:
    assert all(len(reason.split()) > 3 for reason in accepted.values())
