"""The resource policy of an API that only some addresses may call."""

from collections.abc import Sequence
from typing import Any

from infrastructure.blocks import iam


def address_policy(ranges: Sequence[str]) -> dict[str, Any]:
    """Refuse calls from elsewhere, and leave to keys and signatures what they decide without a policy.

    An unsigned call needs a statement that allows it, once an API has a policy. A signed one must find none: it would
    be allowed to principals of the account without a permission of their own, and to those of other accounts.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html (tables A and B)
    """
    every_call = {"Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}
    return iam.document(
        {
            "Sid": "RefuseOtherAddresses",
            "Effect": "Deny",
            **every_call,
            "Condition": {"NotIpAddress": {"aws:SourceIp": list(ranges)}},
        },
        {
            "Sid": "LeaveUnsignedCallsToTheirKeys",
            "Effect": "Allow",
            **every_call,
            "Condition": {"Null": {"aws:PrincipalArn": "true"}},
        },
    )
