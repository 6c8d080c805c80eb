"""The section of a version in CHANGELOG.md: what a release's page says."""

from __future__ import annotations

import re
from typing import Final

_HEADING: Final = re.compile(r"^## (\S+)(?: \(.*\))?$", re.MULTILINE)


class NoSection(Exception):
    """The changelog says nothing about a version. The text says what to do."""


def section(changelog: str, tag: str, declared: str) -> str:
    """What changed in the version of a tag, as `v1.2.0`. `declared` is the version in pyproject.toml, which agrees."""
    version = tag.removeprefix("v")
    if version != declared:
        raise NoSection(f"The tag is {tag}, but pyproject.toml has version {declared}. Make them agree.")
    headings = list(_HEADING.finditer(changelog))
    for heading, following in zip(headings, [*headings[1:], None], strict=True):
        if heading[1] == version:
            text = changelog[heading.end() : following.start() if following else len(changelog)].strip()
            if text:
                return text + "\n"
    raise NoSection(f"CHANGELOG.md has no section '## {version}', or an empty one. Rename Unreleased, with the date.")
