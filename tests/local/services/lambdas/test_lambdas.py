"""Functions as their callers see them: what they receive, what they return, and how they fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.host.options import PROJECT_ROOT
from tests.local.services.fake_lambda import ARN, ROLE, Functions, a_function

ECHO = "def handler(event, context):\n    return event"
VARIABLES = "import os\ndef handler(event, context):\n    return dict(os.environ)"


def test_a_function_receives_its_event_and_its_context_and_returns_its_result(functions: Functions) -> None:
    body = """
return {
    "echo": event, "id": context.aws_request_id, "arn": context.invoked_function_arn,
    "left": context.get_remaining_time_in_millis(), "memory": context.memory_limit_in_mb,
}"""
    functions.deploy(a_function(body), Timeout=7, MemorySize=256)
    first, second = (functions.result({"n": number, "text": "Grüße\n"}) for number in (1, 2))
    assert first["echo"] == {"n": 1, "text": "Grüße\n"}
    assert (first["arn"], first["memory"]) == (f"{ARN}demo", "256")
    assert 0 < first["left"] <= 7000
    assert first["id"] != second["id"], "each invocation has its own id"


def test_a_large_event_and_a_large_result_arrive_whole(functions: Functions) -> None:
    functions.deploy(ECHO)
    event = ["ü" * 1000] * 1000
    assert functions.result(event) == event


def test_an_exception_is_reported_with_its_own_class_and_logged(functions: Functions) -> None:
    functions.deploy(
        "class TaskBroken(Exception): pass\ndef handler(event, context):\n    raise TaskBroken('because ü')"
    )
    error = functions.failure()
    assert (error["errorType"], error["errorMessage"]) == ("TaskBroken", "because ü")
    assert "in handler" in error["stackTrace"][-1]
    logged = functions.printed.wait_for("[ERROR] TaskBroken: because ü")
    assert "in handler" in logged, "the trace is one event, as on AWS"


def test_the_deployed_package_wins_over_the_repository_s(functions: Functions) -> None:
    files = {
        "functions/__init__.py": "",
        "functions/demo.py": "import sys\ndef handler(event, context):\n    return [__file__, sys.path]",
    }
    functions.deploy(files, Handler="functions.demo.handler")
    file, path = functions.result()
    assert Path(file).parts[-2:] == ("functions", "demo.py")
    assert str(PROJECT_ROOT) not in path, "nothing else of the repository can be imported"
    assert str(PROJECT_ROOT / "local" / "services" / "lambdas") not in path


def test_a_handler_that_cannot_be_imported_fails_each_invocation(functions: Functions) -> None:
    """A process that takes a while to end must not get the next invocation."""
    functions.deploy("import atexit, time\natexit.register(time.sleep, 2)\nimport no_such_module")
    for _ in range(2):
        error = functions.failure()
        assert error["errorType"] == "Runtime.ImportModuleError"
        assert "no_such_module" in error["errorMessage"]


def test_after_a_failed_import_the_next_invocation_tries_again(functions: Functions, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    functions.deploy(
        f"from pathlib import Path\nif not Path({str(marker)!r}).exists():\n    raise ImportError('no')\n{ECHO}"
    )
    assert functions.failure()["errorType"] == "Runtime.ImportModuleError"
    marker.touch()
    assert functions.result("works") == "works"


@pytest.mark.parametrize(
    ("code", "handler", "error_type"),
    [
        ("def (", "demo.handler", "Runtime.UserCodeSyntaxError"),
        (ECHO, "demo.missing", "Runtime.HandlerNotFound"),
        ("raise RuntimeError('at import')", "demo.handler", "RuntimeError"),
    ],
)
def test_code_that_cannot_be_loaded_fails_as_on_aws(
    functions: Functions, code: str, handler: str, error_type: str
) -> None:
    functions.deploy(code, Handler=handler)
    assert functions.failure()["errorType"] == error_type


def test_invocations_errors_and_throttles_are_counted(functions: Functions) -> None:
    functions.deploy(a_function("if event: raise ValueError"))
    functions.result()
    functions.failure("fail")
    functions.deploy(a_function("pass"), reserved=0)
    functions.rejection()
    sums = functions.counted()
    assert (sums["Invocations"], sums["Errors"], sums["Throttles"]) == (2, 1, 1)
    assert sums["Duration"] > 0


@pytest.mark.parametrize("function", ["demo", f"{ARN}demo", f"{ARN}demo:$LATEST", f"{ARN}demo:live"])
def test_a_function_is_found_by_name_and_by_arn(functions: Functions, function: str) -> None:
    functions.deploy(ECHO)
    assert functions.result(1, function) == 1


def test_an_unknown_function_is_refused_until_it_is_deployed(functions: Functions) -> None:
    assert functions.rejection() == ("ResourceNotFoundException", 404)
    functions.deploy(ECHO)
    assert functions.result(1) == 1


def test_a_function_has_its_role_s_credentials_and_the_emulator_s_address(functions: Functions) -> None:
    functions.deploy(VARIABLES, Role=f"{ROLE}-1")
    variables = functions.result()
    assert variables["AWS_ACCESS_KEY_ID"] == f"key of {ROLE}-1"
    assert (variables["AWS_SECRET_ACCESS_KEY"], variables["AWS_SESSION_TOKEN"]) == ("secret", "demo")
    assert variables["AWS_ENDPOINT_URL"] == functions.aws.endpoint
    assert variables["AWS_REGION"] == variables["AWS_DEFAULT_REGION"] == "us-east-1"
    assert variables["AWS_LAMBDA_FUNCTION_NAME"] == "demo"


def test_a_function_sees_its_own_variables_and_none_of_the_host_s(
    functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = {"LOG_LEVEL": "DEBUG", "AWS_PROFILE": "work", "PYTHONSTARTUP": "x.py", "VIRTUAL_ENV": "/v", "SECRET": "1"}
    for name, value in host.items():
        monkeypatch.setenv(name, value)
    own = {"POWERTOOLS_LOG_LEVEL": "INFO", "LOG_LEVEL": "WARNING", "AWS_EC2_METADATA_DISABLED": "false"}
    functions.deploy(VARIABLES, Environment={"Variables": own})
    variables = functions.result()
    assert own.items() <= variables.items(), "a function's own variables win"
    assert not (host.keys() - own.keys()) & variables.keys()
    assert "TASKLINE_WORKER_LINK" not in variables
