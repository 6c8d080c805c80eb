"""Tasks that call moto's services, and the functions of the test."""

import time
from collections.abc import Mapping

from asl.core.errors import TaskFailure
from asl.core.templates import Json
from asl.execution.tasks import Taking, TaskRequest
from asl.integrations import ServiceTasks
from asl.integrations.runner import Clients
from asl.testing.moto.functions import CallableLambda, Function


class MotoTasks:
    """The task runner of one execution. Its threads may share it."""

    blocking = True

    def __init__(self, clients: Clients, functions: Mapping[str, Function], arn_prefix: str, real_time: bool) -> None:
        self._clients = clients
        self._functions = functions
        self._arn_prefix = arn_prefix
        self._real_time = real_time

    def run(self, request: TaskRequest) -> Json | Taking:
        """The result of a service or function, at once or when the function says."""
        lambdas = CallableLambda(self._functions, self._arn_prefix, lambda: self._clients("lambda"))
        tasks = ServiceTasks(lambda service: lambdas if service == "lambda" else self._clients(service))
        try:
            result = tasks.run(request)
        except TaskFailure as failure:
            if not lambdas.seconds:
                raise
            result = failure
        return self._after(lambdas.seconds, result) if lambdas.seconds else result

    def _after(self, seconds: float, result: Json | TaskFailure) -> Json | Taking:
        if not self._real_time:
            return Taking(seconds, result)
        time.sleep(seconds)
        if isinstance(result, TaskFailure):
            raise result
        return result
