"""Both clients have the same methods, and importing them does nothing."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from taskline import client
from taskline.client import AsyncTaskline, Taskline

TASK = "NewTask | Mapping[str, Any]"
SAME = {
    "TaskIterator": "AsyncTaskIterator",
    "Iterator[": "AsyncIterator[",
    f"Iterable[{TASK}]": f"Iterable[{TASK}] | AsyncIterable[{TASK}]",
}


def methods(kind: type) -> dict[str, Callable[..., Any]]:
    return {name: one for name, one in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")}


def as_async(annotation: str) -> set[str]:
    """How an annotation of the synchronous client may read in the other one."""
    found = {annotation}
    for one, other in SAME.items():
        found |= {text.replace(one, other) for text in found}
    return found


def test_both_clients_have_equal_methods_with_equal_signatures_and_words() -> None:
    one, other = methods(Taskline), methods(AsyncTaskline)
    assert one.keys() == other.keys() - {"aclose"}
    for name in one:
        left, right = inspect.signature(one[name]), inspect.signature(other[name])
        assert left.parameters.keys() == right.parameters.keys(), name
        for parameter in left.parameters.values():
            twin = right.parameters[parameter.name]
            assert (twin.kind, twin.default) == (parameter.kind, parameter.default), f"{name}: {parameter}"
            assert str(twin.annotation) in as_async(str(parameter.annotation)), f"{name}: {parameter}"
        assert right.return_annotation in as_async(left.return_annotation), name
        assert inspect.getdoc(one[name]) == inspect.getdoc(other[name]), name


def test_the_asynchronous_methods_are_coroutines_and_the_others_return_iterators() -> None:
    for name, method in methods(AsyncTaskline).items():
        iterates = "Iterator" in str(inspect.signature(method).return_annotation) or name == "with_options"
        assert inspect.iscoroutinefunction(method) != iterates, name


def test_both_clients_are_made_in_the_same_way() -> None:
    one, other = (inspect.signature(kind.__init__).parameters for kind in (Taskline, AsyncTaskline))
    assert {name: one[name].default for name in one} == {name: other[name].default for name in other}


def test_everything_that_is_promised_is_there() -> None:
    assert all(hasattr(client, name) for name in client.__all__)
    assert list(client.__all__) == sorted(client.__all__)


def test_an_import_loads_neither_aws_nor_the_pipeline() -> None:
    program = (
        "import sys\n"
        "import taskline.client\n"
        "print(sorted({name.split('.')[0] for name in sys.modules}"
        " & {'boto3', 'botocore', 'pydantic', 'functions', 'infrastructure', 'local', 'asl', 'statemachine'}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_client_does_not_show_its_credentials() -> None:
    for kind in (Taskline, AsyncTaskline):
        made = kind("https://api.example.com/v1/", api_key="a-secret", auth=client.BearerAuth("a-secret"))
        assert repr(made) == f"{kind.__name__}('https://api.example.com/v1')"
    assert "a-secret" not in repr(client.BearerAuth("a-secret"))


@pytest.mark.parametrize("url", ["", "api.example.com/v1", "ftp://example.com", "http://", "https://a.b/v1?x=1"])
def test_an_address_that_is_none_is_refused_with_an_example(url: str) -> None:
    for kind in (Taskline, AsyncTaskline):
        with pytest.raises(ValueError, match="is not the address of an API"):
            kind(url)
