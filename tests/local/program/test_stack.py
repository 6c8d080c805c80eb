"""A Pulumi program runs from start to end, any number of times, and its errors are raised unchanged."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks

from local.program.stack import evaluate

PROGRAM = """
import pulumi, pulumi_aws as aws
wanted = pulumi.Config().get("mode")
queue = aws.sqs.Queue("queue", name="the-queue")
late = queue.arn.apply(lambda arn: aws.sqs.Queue("late", name=arn[-5:]))
if wanted == "raise":
    raise RuntimeError("the program says no")
if wanted == "apply":
    queue.arn.apply(lambda arn: 1 / 0)
pulumi.export("arn", queue.arn)
pulumi.export("late", late.name)
pulumi.export("secret", pulumi.Output.secret({"a": [1, True]}))
pulumi.export("place", pulumi.get_project() + "-" + pulumi.get_stack())
"""


class Recording(Mocks):
    def __init__(self, preview: bool = False) -> None:
        self.names: list[str] = []
        self._preview = preview

    def call(self, args: MockCallArgs) -> Any:
        return {}

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        self.names.append(args.name)
        if args.name == self.refused:
            raise LookupError("no room for it")
        known = {} if self._preview else {"arn": f"arn:{args.name}"}
        return ("" if self._preview else args.name), {**args.inputs, **known}

    refused = ""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: demo\nruntime: python\n", encoding="utf-8")
    (tmp_path / "__main__.py").write_text(PROGRAM, encoding="utf-8")
    return tmp_path


def test_outputs_are_resolved_and_each_evaluation_starts_afresh(root: Path) -> None:
    for stack in ("one", "two"):
        mocks = Recording()
        outputs = evaluate(mocks, {}, stack, root=root)
        assert outputs == {"arn": "arn:queue", "late": "queue", "secret": {"a": [1, True]}, "place": f"demo-{stack}"}
        assert mocks.names == ["queue", "late"], "a resource created in an apply belongs to the stack, too"


def test_a_preview_leaves_the_provider_s_outputs_unknown(root: Path) -> None:
    mocks = Recording(preview=True)
    outputs = evaluate(mocks, {}, "dev", preview=True, root=root)
    assert isinstance(outputs["arn"], type(pulumi.UNKNOWN))
    assert outputs["place"] == "demo-dev"
    assert mocks.names == ["queue"], "what depends on the unknown is not reached"


def test_errors_are_raised_unchanged(root: Path) -> None:
    with pytest.raises(RuntimeError, match="the program says no"):
        evaluate(Recording(), {"demo:mode": "raise"}, "dev", root=root)
    with pytest.raises(ZeroDivisionError):
        evaluate(Recording(), {"demo:mode": "apply"}, "dev", root=root)
    failing = Recording()
    failing.refused = "queue"
    with pytest.raises(LookupError, match="no room for it"):
        evaluate(failing, {}, "dev", root=root)
    assert evaluate(Recording(), {}, "dev", root=root)["arn"] == "arn:queue", "an error leaves nothing behind"


def test_it_can_be_called_while_an_event_loop_runs(root: Path) -> None:
    async def inside() -> dict[str, Any]:
        return evaluate(Recording(), {}, "dev", root=root)

    assert asyncio.run(inside())["arn"] == "arn:queue"
