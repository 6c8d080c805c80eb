"""Whether an API's resource policy admits a request.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html
"""

from __future__ import annotations

import ipaddress

from local.program.declarations.resource_policy import ResourcePolicy
from local.services.http.gateway_errors import GatewayError
from local.services.http.messages import HttpRequest


def admit(policy: ResourcePolicy, request: HttpRequest, *, signed: bool) -> None:
    """Raise `GatewayError` unless the policy admits the request. `signed` is whether its method requires a signature.

    A signature that was accepted needs no statement that allows it: the caller has permissions of its own.
    """
    address = ipaddress.ip_address(request.source_ip)
    effects = {one.allows for one in policy.statements if one.applies(address, signed=signed)}
    if False in effects:
        raise _refused(request, "with an explicit deny")
    if True not in effects and not signed:
        raise _refused(request, "because no resource-based policy allows the execute-api:Invoke action")


def _refused(request: HttpRequest, reason: str) -> GatewayError:
    """AWS names the API's ARN as well, which means nothing here; the caller's address helps more."""
    resource = f"{request.verb} /{request.stage}{request.path}"
    message = f"User is not authorized to perform: execute-api:Invoke on {resource} from {request.source_ip} {reason}"
    return GatewayError("ACCESS_DENIED", 403, message, "AccessDeniedException")
