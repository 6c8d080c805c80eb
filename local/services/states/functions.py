"""Lambda for state machines: under the role of the machine, with the functions that the laptop edition runs."""

from __future__ import annotations

import io
from typing import Any, Final

from botocore.exceptions import ClientError

from local.emulator.clients import Clients
from local.emulator.remembered import Remembered
from local.services.lambdas.model import InvocationRefused, Invoker

ACTION: Final = "lambda:InvokeFunction"


class LambdaClient:
    """A botocore client of Lambda whose synchronous `invoke` stays here; everything else goes to the emulator."""

    def __init__(self, client: Any, clients: Clients, role_arn: str, functions: Invoker) -> None:
        self._client = client
        self._clients = clients
        self._role_arn = role_arn
        self._functions = functions
        self._permitted = Remembered(self._check_permission)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def invoke(self, *, FunctionName: str, Payload: bytes = b"{}", **others: Any) -> dict[str, Any]:  # noqa: N803
        """Invoke; raises botocore's `ClientError` like the service itself."""
        if others.get("InvocationType", "RequestResponse") != "RequestResponse":
            return self._client.invoke(FunctionName=FunctionName, Payload=Payload, **others)
        self._permitted.get(self._arn(FunctionName))
        try:
            invocation = self._functions.invoke(FunctionName, Payload)
        except InvocationRefused as error:
            raise _error(error.code, str(error), error.status) from error
        failure = {"FunctionError": "Unhandled"} if invocation.failed else {}
        return {
            "StatusCode": 200,
            "ExecutedVersion": "$LATEST",
            "Payload": io.BytesIO(invocation.payload),
            "ResponseMetadata": {"HTTPStatusCode": 200, "HTTPHeaders": {}, "RetryAttempts": 0},
            **failure,
        }

    def _check_permission(self, arn: str) -> None:
        """By the emulator's own evaluation of the role's policies, which would not take place otherwise."""
        response = self._clients.iam.simulate_principal_policy(
            PolicySourceArn=self._role_arn, ActionNames=[ACTION], ResourceArns=[arn]
        )
        if any(result["EvalDecision"] != "allowed" for result in response.get("EvaluationResults", [])):
            about = f"{self._role_arn} is not authorized to perform: {ACTION} on resource: {arn}"
            raise _error("AccessDeniedException", f"User: {about}", 403)

    def _arn(self, function: str) -> str:
        if function.startswith("arn:"):
            return function
        region, account = self._clients.region, self._role_arn.split(":")[4]
        return f"arn:aws:lambda:{region}:{account}:function:{function}"


def _error(code: str, message: str, status: int) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "Invoke")
