"""Reads `curl` commands and sends what they mean, without curl."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import NamedTuple, NoReturn
from urllib.parse import urlsplit

from tests.documents.running.shell import Wrong

_SIGNATURE = re.compile(r"aws:amz:[a-z0-9-]+:execute-api")


class Request(NamedTuple):
    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None

    @property
    def path(self) -> str:
        """The path with its query."""
        parts = urlsplit(self.url)
        return parts.path + (f"?{parts.query}" if parts.query else "")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Wrong(f"curl: {message}")


def read(arguments: Sequence[str]) -> Request:
    """The request that curl sends. Raises `Wrong`, for options that are not known here as well."""
    given = _parser().parse_args(arguments)
    headers = dict(_header(line) for line in given.header)
    body = None if given.data is None else "&".join(given.data).encode()
    if given.aws_sigv4 and not (_SIGNATURE.fullmatch(given.aws_sigv4) and ":" in (given.user or "")):
        raise Wrong(f"curl: --aws-sigv4 {given.aws_sigv4} --user {given.user} signs nothing for API Gateway")
    return Request(given.request or ("GET" if body is None else "POST"), given.url, headers, body)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(add_help=False, allow_abbrev=False)
    parser.add_argument("url")
    parser.add_argument("-s", "--silent", action="store_true")
    parser.add_argument("-S", "--show-error", action="store_true")
    parser.add_argument("-f", "--fail", action="store_true")
    parser.add_argument("-i", "--include", action="store_true")
    parser.add_argument("-X", "--request")
    parser.add_argument("-H", "--header", action="append", default=[])
    parser.add_argument("-d", "--data", action="append")
    parser.add_argument("-u", "--user")
    parser.add_argument("--aws-sigv4")
    return parser


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon:
        raise Wrong(f"curl: {line!r} is not a header")
    return name, value.strip()
