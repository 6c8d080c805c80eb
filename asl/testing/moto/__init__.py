"""StartSyncExecution for moto: Express machines run in the process of the test, against moto's other services.

with mock_aws(), sync_executions(functions={"processor": handler}) as runs:
    boto3.client("stepfunctions").start_sync_execution(stateMachineArn=arn, input="{}")
    assert runs.last.states == ["Claim", "Process"]

The pytest fixture is `asl.testing.moto.fixtures.express`.
"""

from asl.execution.tasks import Taking
from asl.testing.moto.blocks import MotoAnswersItself, sync_executions
from asl.testing.moto.executions import SyncExecution, SyncExecutions
from asl.testing.moto.functions import Function, LambdaContext

__all__ = [
    "Function",
    "LambdaContext",
    "MotoAnswersItself",
    "SyncExecution",
    "SyncExecutions",
    "Taking",
    "sync_executions",
]
