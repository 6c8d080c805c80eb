"""Lambda functions that are callables of the test, with answers and errors as Lambda gives them."""

import io
import json
import time
import traceback
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, TypeAlias, cast

from asl.core.templates import Json
from asl.execution.tasks import Taking

Function: TypeAlias = Callable[[Any, Any], Any]
"""Takes event and context. It may return `Taking(seconds, result)`, also with an exception as the result."""

_LONGEST_SECONDS: Final = 900
_STATUS: Final = {"RequestResponse": 200, "Event": 202, "DryRun": 204}


@dataclass(frozen=True, kw_only=True)
class LambdaContext:
    """What a function learns about its invocation. It has all the time that Lambda may give."""

    function_name: str
    invoked_function_arn: str
    function_version: str = "$LATEST"
    memory_limit_in_mb: str = "128"
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    client_context: None = None
    identity: None = None
    started: float = field(default_factory=time.monotonic)

    @property
    def log_group_name(self) -> str:
        """Where Lambda would keep its log."""
        return f"/aws/lambda/{self.function_name}"

    @property
    def log_stream_name(self) -> str:
        """Where Lambda would keep the log of this environment."""
        return f"[{self.function_version}]{self.aws_request_id.replace('-', '')}"

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds of real time."""
        return max(0, round((_LONGEST_SECONDS - time.monotonic() + self.started) * 1000))


@dataclass(slots=True)
class CallableLambda:
    """Stands in for a botocore client of Lambda, for one call of a task. What it does not know goes to moto's Lambda.

    `seconds` is how long the function says that it took.
    """

    functions: Mapping[str, Function]
    arn_prefix: str
    other: Callable[[], Any]
    seconds: float = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.other(), name)

    def invoke(self, *, FunctionName: str, Payload: bytes = b"{}", **others: Any) -> dict[str, Any]:  # noqa: N803
        """Invoke, as the method of a client does."""
        name, qualifier = _name(FunctionName)
        qualifier = others.get("Qualifier") or qualifier
        function = self.functions.get(f"{name}:{qualifier}") or self.functions.get(name)
        if function is None:
            return self.other().invoke(FunctionName=FunctionName, Payload=Payload, **others)
        arn = f"{self.arn_prefix}:function:{name}" + (f":{qualifier}" if qualifier else "")
        return self._answer(function, arn, name, Payload, others.get("InvocationType", "RequestResponse"))

    def _make_api_call(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """What an `aws-sdk` integration calls."""
        if operation == "Invoke":
            return self.invoke(**parameters)
        return self.other()._make_api_call(operation, parameters)

    def _answer(self, function: Function, arn: str, name: str, payload: bytes, kind: str) -> dict[str, Any]:
        context = LambdaContext(function_name=name, invoked_function_arn=arn)
        answer, failed = ("", False) if kind == "DryRun" else self._call(function, payload, context)
        if kind == "Event":
            answer, failed, self.seconds = "", False, 0  # nobody waits for an asynchronous invocation, or hears of it
        text = answer.encode()
        return {
            "StatusCode": _STATUS[kind],
            "ExecutedVersion": context.function_version,
            "Payload": io.BytesIO(text),
            "ResponseMetadata": _metadata(context, _STATUS[kind], len(text)),
            **({"FunctionError": "Unhandled"} if failed else {}),
        }

    def _call(self, function: Function, payload: bytes, context: LambdaContext) -> tuple[str, bool]:
        """The answer of the function, and whether it failed."""
        try:
            result = self._result(function(json.loads(payload), context))
        except (Exception, SystemExit) as error:
            return _failure(error, context), True
        return _marshalled(result, context)

    def _result(self, returned: Any) -> Any:
        """The result, once its time is noted; an exception in place of one is raised."""
        result = returned
        if isinstance(returned, Taking):
            self.seconds, result = returned.seconds, cast(Any, returned.result)
        if isinstance(result, Exception):
            raise result
        return result


def _name(function: str) -> tuple[str, str]:
    """Name and qualifier of a function that is given as Lambda allows: as a name, or as an ARN or a part of one."""
    parts = function.rpartition("function:")[2].split(":")
    return parts[0], parts[1] if len(parts) > 1 else ""


def _marshalled(result: Any, context: LambdaContext) -> tuple[str, bool]:
    try:
        return json.dumps(result, default=_number), False
    except (TypeError, ValueError) as error:
        message = f"Unable to marshal response: {error}"
        return _error(message, "Runtime.MarshalError", context.aws_request_id, []), True


def _number(value: Any) -> float:
    """Lambda's runtime writes the numbers of DynamoDB's resources, too."""
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _failure(error: BaseException, context: LambdaContext) -> str:
    if isinstance(error, SystemExit):
        text = f"RequestId: {context.aws_request_id} Error: Runtime exited with error: exit status {error.code or 0}"
        return json.dumps({"errorType": "Runtime.ExitError", "errorMessage": text})
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
    return _error(str(error), type(error).__name__, context.aws_request_id, traceback.format_list(frames))


def _error(message: str, kind: str, request_id: str, trace: list[str]) -> str:
    """The payload of a failed function, as Lambda's runtime for Python writes it."""
    payload: dict[str, Json] = {
        "errorMessage": message,
        "errorType": kind,
        "requestId": request_id,
        "stackTrace": trace,
    }
    return json.dumps(payload)


def _metadata(context: LambdaContext, status: int, size: int) -> dict[str, Any]:
    headers = {"content-type": "application/json", "content-length": str(size)}
    request = {"x-amzn-requestid": context.aws_request_id, "x-amz-executed-version": context.function_version}
    return {"RequestId": context.aws_request_id, "HTTPStatusCode": status, "HTTPHeaders": headers | request}
