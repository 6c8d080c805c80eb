"""Who sent a request: its tenant, from what API Gateway has checked. No header is looked at.

API Gateway sets these fields only where the method requires that credential: `userArn` with AWS_IAM, `claims` with an
authorizer, `apiKeyId` with an API key. The strongest proof counts, so that a signed request cannot become another
client's by adding that client's key. Each kind has its own prefix, so that no two can look alike.
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
"""

from collections.abc import Mapping
from typing import Any

from functions.tasks.tenancy import Tenant

ANONYMOUS = "anonymous"  # an operator where the API requires no signature
_ASSUMED_ROLE = ":assumed-role/"


def caller_of(context: Mapping[str, Any]) -> Tenant:
    """The tenant in an event's `requestContext`; None where the stage asks for no credentials."""
    identity: Mapping[str, str | None] = context.get("identity") or {}
    if arn := identity.get("userArn"):
        # All users of a Cognito identity pool sign as one role.
        user = identity.get("cognitoIdentityId")
        return f"cognito:{user}" if user else f"iam:{_principal(arn)}"
    claims = _claims(context)
    if subject := claims.get("sub"):
        return f"jwt:{claims.get('iss', '')} {subject}"  # a subject is unique only for its issuer
    if key_id := identity.get("apiKeyId"):
        return f"key:{key_id}"
    return None


def _principal(arn: str) -> str:
    """The ARN, without the session of a role: whoever assumes the role chooses its name, and another one each time."""
    before, assumed, role_and_session = arn.partition(_ASSUMED_ROLE)
    return before + assumed + role_and_session.partition("/")[0] if assumed else arn


def _claims(context: Mapping[str, Any]) -> Mapping[str, Any]:
    """The claims of the caller's token, where a REST API's authorizer or an HTTP API's puts them."""
    authorizer = _part(context, "authorizer")
    if not authorizer:
        return {}
    return _part(authorizer, "claims") or _part(_part(authorizer, "jwt"), "claims")


def _part(whole: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A nested object, {} for anything else: an authorizer of one's own may use these names for texts."""
    part = whole.get(name)
    return part if isinstance(part, dict) else {}  # pyright: ignore[reportUnknownVariableType]
