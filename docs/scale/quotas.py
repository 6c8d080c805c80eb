"""What AWS allows by default, in us-east-1, as its documentation said in November 2026.

None of this was measured: Service Quotas shows what an account has.
"""

from dataclasses import dataclass

_SQS = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide"


@dataclass(frozen=True, kw_only=True)
class Quota:
    """One limit. `adjustable` says whether AWS raises it on request."""

    name: str
    value: float
    unit: str
    adjustable: bool
    source: str


PIPE_EXECUTIONS = Quota(
    name="executions of one pipe at once",
    value=1000,
    unit="executions",
    adjustable=False,
    source="https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html",
)
ACCOUNT_PIPE_EXECUTIONS = Quota(
    name="executions of all pipes at once",
    value=3000,
    unit="executions",
    adjustable=True,
    source="https://docs.aws.amazon.com/general/latest/gr/ev_pipes.html",
)
LAMBDA_CONCURRENCY = Quota(
    name="functions that run at once",
    value=1000,
    unit="functions",
    adjustable=True,
    source="https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html",
)
API_REQUESTS = Quota(
    name="requests to API Gateway",
    value=10_000,
    unit="requests/s",
    adjustable=True,
    source="https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html",
)
QUEUE_CALLS = Quota(
    name="messages sent to one queue",
    value=70_000,
    unit="messages/s",
    adjustable=False,
    source=f"{_SQS}/quotas-messages.html",
)
QUEUE_IN_FLIGHT = Quota(
    name="messages of one queue in flight",
    value=120_000,
    unit="messages",
    adjustable=False,
    source=f"{_SQS}/quotas-messages.html",
)
TABLE_WRITES = Quota(
    name="write units of the table",
    value=40_000,
    unit="units/s",
    adjustable=True,
    source="https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html",
)
