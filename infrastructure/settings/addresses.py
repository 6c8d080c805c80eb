"""The address ranges that may call an API."""

import ipaddress
from collections.abc import Sequence

from infrastructure.settings.checks import check, rejected

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
KEY = "allowedAddresses"
# A resource policy takes 8 KB: https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
MAX_RANGES = 100
# More than this is no restriction, however it is written: 0.0.0.0/0 could also be 0.0.0.0/1 and 128.0.0.0/1.
_MOST_IPV4, _MOST_IPV6 = 2 ** (32 - 8), 2 ** (128 - 32)
# All of IPv4 once more, as IPv6.
_IPV4_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")


def parse_ranges(texts: tuple[str, ...]) -> tuple[str, ...]:
    """The ranges in CIDR notation, without overlaps; `SettingsError` for what is no range, or far too many addresses.

    An address alone (`203.0.113.7`) is the range of that address.
    """
    ranges = [_range(text) for text in texts]
    four = list(ipaddress.collapse_addresses(one for one in ranges if isinstance(one, ipaddress.IPv4Network)))
    six = list(ipaddress.collapse_addresses(one for one in ranges if isinstance(one, ipaddress.IPv6Network)))
    given = ",".join(texts)
    narrow = _count(four) <= _MOST_IPV4 and _count(six) <= _MOST_IPV6
    check(narrow, KEY, given, "together at most as many addresses as an IPv4 /8 and an IPv6 /32")
    check(not any(one.overlaps(_IPV4_MAPPED) for one in six), KEY, given, "IPv4 addresses as IPv4")
    check(len(four) + len(six) <= MAX_RANGES, KEY, given, f"at most {MAX_RANGES} ranges")
    return tuple(map(str, (*four, *six)))


def _count(networks: Sequence[Network]) -> int:
    return sum(network.num_addresses for network in networks)


def _range(text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        form = "ranges such as 203.0.113.0/24 or 2001:db8:7::/48, separated by commas, without bits after the prefix"
        raise rejected(KEY, text, form) from error
