"""Deploys the reference on a separate emulator."""

import json
import shlex
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pulumi

from local.emulator.clients import Clients
from local.emulator.server import ACCOUNT_ID, Emulator
from local.host.state_dir import StateDir
from local.program.resources.functions import packages

REGION = "us-east-1"
STAGE = "v1"
CODE = Path(__file__).parent
# `-P`: the deployed code is imported, not the repository.
SCRIPT = (
    '#!/bin/sh\nexport PYTHONPATH="$LAMBDA_TASK_ROOT"\n'
    f"exec {shlex.join([sys.executable, '-P', str(CODE / 'runtime_client.py')])}\n"
)
BATCH_SIZE = 1  # as those systems have it, for strict order
TRUST: Mapping[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
ALLOWED = ["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]


class Reference:
    """The running reference: its API, and when its tasks ended."""

    def __init__(self, emulator: Emulator, folder: Path) -> None:
        self.pid = emulator.pid
        self.clients = Clients(emulator.endpoint, REGION)
        self._done_file = folder / "done.txt"
        self._done_file.touch()
        attributes = {"FifoQueue": "true", "VisibilityTimeout": "60"}
        self.queue_url = self.clients.sqs.create_queue(QueueName="reference.fifo", Attributes=attributes)["QueueUrl"]
        self._mapping, api_id = self._deploy()
        self.api = f"{self.clients.endpoint}/_aws/execute-api/{api_id}/{STAGE}"

    def done(self) -> dict[str, float]:
        """When each task ended, in epoch seconds, by id."""
        lines = self._done_file.read_text(encoding="utf-8").splitlines()
        return {task_id: float(moment) for task_id, moment in map(str.split, lines)}

    @contextmanager
    def held(self) -> Iterator[None]:
        """Inside this block nothing is processed; tasks wait in the queue."""
        self._switch(on=False)
        yield
        self._switch(on=True)

    def _switch(self, *, on: bool) -> None:
        self.clients.lambda_.update_event_source_mapping(UUID=self._mapping, Enabled=on)
        if not on:
            time.sleep(1.0)  # the emulator polls its mappings about once a second

    def _deploy(self) -> tuple[str, str]:
        role = self._role()
        api = self._function("reference-api", "api.handler", role, {"QUEUE_URL": self.queue_url})
        worker = self._function("reference-worker", "worker.handler", role, {"DONE_FILE": str(self._done_file)})
        mapping = self.clients.lambda_.create_event_source_mapping(
            EventSourceArn=f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:reference.fifo",
            FunctionName=worker,
            BatchSize=BATCH_SIZE,
            FunctionResponseTypes=["ReportBatchItemFailures"],
        )["UUID"]
        return mapping, self._rest_api(api)

    def _role(self) -> str:
        iam = self.clients.iam
        role = iam.create_role(RoleName="reference", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        statement = {"Effect": "Allow", "Action": ALLOWED, "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_role_policy(RoleName="reference", PolicyName="queue", PolicyDocument=policy)
        return role

    def _function(self, name: str, handler: str, role: str, variables: dict[str, str]) -> str:
        return self.clients.lambda_.create_function(
            FunctionName=name,
            Runtime=packages.RUNTIME,
            Handler=handler,
            Role=role,
            Timeout=30,
            Code={"ZipFile": packages.package(pulumi.FileArchive(str(CODE)), name, SCRIPT)},
            Environment={"Variables": variables},
        )["FunctionArn"]

    def _rest_api(self, function_arn: str) -> str:
        gateway = self.clients.apigateway
        api_id = gateway.create_rest_api(name="reference")["id"]
        root = gateway.get_resources(restApiId=api_id)["items"][0]["id"]
        tasks = gateway.create_resource(restApiId=api_id, parentId=root, pathPart="tasks")["id"]
        method: Any = {"restApiId": api_id, "resourceId": tasks, "httpMethod": "POST"}
        gateway.put_method(**method, authorizationType="NONE")
        invoke = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{function_arn}/invocations"
        gateway.put_integration(**method, type="AWS_PROXY", integrationHttpMethod="POST", uri=invoke)
        gateway.create_deployment(restApiId=api_id, stageName=STAGE)
        return api_id


@contextmanager
def reference(folder: Path) -> Iterator[Reference]:
    """The reference, from start to stop, with its state in `folder`."""
    state = StateDir(folder)
    state.prepare()
    emulator = Emulator(state, REGION, lambda _: None, guarded=False)
    emulator.start()
    try:
        emulator.wait_until_ready()
        yield Reference(emulator, folder)
    finally:
        emulator.stop()
