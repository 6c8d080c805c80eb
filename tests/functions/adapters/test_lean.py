"""What a cold start leaves out is there for whoever asks, and nothing else changes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent.parent
COMPARED = """
import json, sys
from typing import Any
import functions
from functions.tasks.model import NewTask, Task
from pydantic import TypeAdapter, BaseModel, Field
from pydantic_core import ErrorDetails, core_schema

class Report(BaseModel):
    '''A type that somebody may write: with a `TypedDict` of pydantic's own.'''
    errors: list[ErrorDetails] = Field(default_factory=list)

def wrong(text):
    try:
        NewTask.model_validate_json(text)
    except ValueError as error:
        return error.errors(include_url=False, include_context=False)

print(json.dumps({
    "schemas": [model.model_json_schema() for model in (NewTask, Task, Report)],
    "errors": wrong('{"title": "", "description": 1, "priority": "x", "more": true}'),
    "core": core_schema.CoreConfig(title="t", strict=True),
    "required": sorted(ErrorDetails.__required_keys__),
    "left out": type(sys.modules["importlib.metadata"]).__name__,
}, sort_keys=True))
"""


def printed(program: str, **variables: str) -> Any:
    """What a fresh process prints, in JSON."""
    inherited = {name: value for name, value in os.environ.items() if name not in ("LAMBDA_TASK_ROOT", "PYTHONTZPATH")}
    environment = {**inherited, "PYTHONPATH": str(ROOT), "AWS_DEFAULT_REGION": "eu-west-1", **variables}
    command = [sys.executable, "-c", program]
    return json.loads(subprocess.run(command, env=environment, capture_output=True, check=True, text=True).stdout)


def on_lambda(program: str) -> Any:
    return printed(program, LAMBDA_TASK_ROOT=str(ROOT), PYDANTIC_DISABLE_PLUGINS="__all__")


def test_models_are_what_they_are_without_it() -> None:
    lean, whole = on_lambda(COMPARED), printed(COMPARED)
    assert lean.pop("left out") == "Postponed"
    assert whole.pop("left out") == "module"
    assert lean == whole


def test_a_task_type_can_use_boto3() -> None:
    """It brings documentation of its own, written with botocore's."""
    program = """
import functions, boto3, json
table = boto3.resource("dynamodb").Table("t")
print(json.dumps([boto3.client("s3").meta.service_model.service_name, type(table).__name__]))
"""
    assert on_lambda(program) == ["s3", "dynamodb.Table"]


def test_the_documentation_is_there_for_whoever_writes_it() -> None:
    program = """
import functions, json, botocore.client, botocore.docs
from botocore.docs.docstring import LazyLoadedDocstring
print(json.dumps([botocore.docs.generate_docs.__name__, LazyLoadedDocstring.__name__]))
"""
    assert on_lambda(program) == ["generate_docs", "LazyLoadedDocstring"]


def test_installed_packages_are_found_by_whoever_looks_for_them() -> None:
    program = """
import functions, json
from importlib import metadata
from importlib.metadata import entry_points, version
found = [version("pydantic"), metadata.metadata("pydantic")["Name"], len(entry_points(group="no.such.group"))]
try:
    version("no-such-package")
except metadata.PackageNotFoundError:
    found.append("not found")
print(json.dumps(found))
"""
    found = on_lambda(program)
    assert found[1:] == ["pydantic", 0, "not found"]
    assert found[0].startswith("2.")


def test_time_zones_are_those_of_the_machine() -> None:
    program = """
import json
{first}
import zoneinfo
print(json.dumps(sorted(zoneinfo.available_timezones())))
"""
    assert on_lambda(program.format(first="import functions")) == printed(program.format(first=""))
