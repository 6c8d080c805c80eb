"""How two versions of a resource's inputs are compared."""

import pytest

from tests.engine.provider import wire
from tests.engine.provider.difference import ADD, DELETE, UPDATE, difference

QUEUE = "aws:sqs/queue:Queue"


def test_only_a_property_that_is_fixed_forces_a_replacement() -> None:
    before = {"name": "a.fifo", "visibilityTimeoutSeconds": 30}
    assert difference(QUEUE, before, before | {"visibilityTimeoutSeconds": 60}).forces == frozenset()
    assert difference(QUEUE, before, before | {"name": "b.fifo"}).forces == {"name"}
    assert difference(QUEUE, before, before | {"region": "eu-west-1"}).forces == {"region"}


def test_what_a_preview_does_not_know_counts_as_changed() -> None:
    found = difference("aws:pipes/pipe:Pipe", {"source": "arn:1"}, {"source": wire.UNKNOWN})
    assert (found.changes, found.forces) == ({"source": UPDATE}, {"source"})


def test_changes_have_the_paths_of_what_changed() -> None:
    before = {"environment": {"variables": {"A": "1", "B": "2"}}, "layers": ["x", "y"], "gone": True}
    after = {"environment": {"variables": {"A": "1", "B": "3", "C": "4"}}, "layers": ["x", "z"]}
    assert difference("aws:lambda/function:Function", before, after).changes == {
        "environment.variables.B": UPDATE,
        "environment.variables.C": ADD,
        "layers[1]": UPDATE,
        "gone": DELETE,
    }


def test_an_archive_is_its_content_and_a_secret_is_its_value() -> None:
    def inputs(path: str, digest: str) -> dict[str, object]:
        return {"code": {wire.SIGNATURE: wire.ARCHIVE, "path": path, "hash": digest}}

    assert wire.comparable(inputs("/one.zip", "a")) == wire.comparable(inputs("/another.zip", "a"))
    assert wire.comparable(inputs("/one.zip", "a")) != wire.comparable(inputs("/one.zip", "b"))
    secret = wire.rpc.wrap_rpc_secret("hidden")
    assert wire.comparable({"value": secret, "__meta": {}}) == {"value": "hidden"}


def test_a_type_without_rules_is_an_error() -> None:
    with pytest.raises(KeyError, match="aws:s3/bucket:Bucket"):
        difference("aws:s3/bucket:Bucket", {}, {})
