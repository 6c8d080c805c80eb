"""The resource policy of a REST API: from which addresses it may be called.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies.html. Understood are
statements about all callers and the whole API, with conditions on the caller's address and on whether the call is
signed.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Unknown = Callable[[str, str], Exception]

WHERE: Final = "the resource policy"
# Every statement has these values, alone or in a list.
FIXED: Final[Mapping[str, str]] = {"Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}


@dataclass(frozen=True, kw_only=True)
class PolicyStatement:
    """Allows or denies the calls to which all of its conditions apply; a condition of None applies to every call.

    `within` and `outside` are about the caller's address, `signed` about the call.
    """

    allows: bool
    within: tuple[Network, ...] | None = None
    outside: tuple[Network, ...] | None = None
    signed: bool | None = None

    def applies(self, address: Address, *, signed: bool) -> bool:
        """Whether the statement is about such a call."""
        return (
            (self.within is None or any(address in network for network in self.within))
            and (self.outside is None or not any(address in network for network in self.outside))
            and self.signed in (None, signed)
        )


@dataclass(frozen=True, kw_only=True)
class ResourcePolicy:
    """The statements of a policy."""

    statements: tuple[PolicyStatement, ...]


def parse_policy(document: Mapping[str, Any], unknown: Unknown) -> ResourcePolicy:
    """Read a policy. `unknown` makes the error for what is not understood: where, and what."""
    if set(document) != {"Version", "Statement"}:
        raise unknown(WHERE, f"the parts {', '.join(document) or 'none'}")
    return ResourcePolicy(statements=tuple(_statement(one, unknown) for one in document["Statement"]))


def _statement(statement: Mapping[str, Any], unknown: Unknown) -> PolicyStatement:
    for key, value in statement.items():
        if key not in ("Sid", "Effect", "Condition") and _list(value) != [FIXED.get(key)]:
            raise unknown(WHERE, f"`{key}` {value}")
    if missing := sorted(FIXED.keys() - statement.keys()):
        raise unknown(WHERE, f"a statement without `{'`, `'.join(missing)}`")
    if (effect := statement.get("Effect")) not in ("Allow", "Deny"):
        raise unknown(WHERE, f"the effect {effect}")
    conditions: dict[str, Any] = {}
    for operator, tested in statement.get("Condition", {}).items():
        for key, value in tested.items():
            conditions |= _condition(operator, key, value, unknown)
    return PolicyStatement(allows=effect == "Allow", **conditions)


def _condition(operator: str, key: str, value: Any, unknown: Unknown) -> dict[str, Any]:
    match operator, key, _list(value):
        case "IpAddress", "aws:SourceIp", ranges:
            return {"within": _networks(ranges, unknown)}
        case "NotIpAddress", "aws:SourceIp", ranges:
            return {"outside": _networks(ranges, unknown)}
        case "Null", "aws:PrincipalArn", ["true" | "false" as absent]:
            return {"signed": absent == "false"}
        case _:
            raise unknown(WHERE, f"the condition {operator} {key} {value}")


def _networks(ranges: Sequence[str], unknown: Unknown) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(one) for one in ranges)
    except ValueError as error:
        raise unknown(WHERE, f"a range: {error}") from error


def _list(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else [value]
