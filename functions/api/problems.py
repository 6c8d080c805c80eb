"""What a problem is called, by its status: the same in the functions, at the gateway and in the document."""

from collections.abc import Mapping

TITLES: Mapping[int, str] = {
    400: "Invalid request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    413: "Request too large",
    415: "Unsupported media type",
    429: "Too many requests",
    500: "Internal error",
    503: "Temporarily unavailable",
    504: "Timeout",
}


def problem_type(title: str) -> str:
    """A problem's `type`: an identifier to compare, not an address to visit."""
    return f"urn:taskline:problem:{title.lower().replace(' ', '-')}"
