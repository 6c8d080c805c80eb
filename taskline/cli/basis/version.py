"""Which version of this command is installed."""

from __future__ import annotations


def own_version() -> str:
    """The version that is installed, or that none is: in a checkout that nobody installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("taskline")
    except PackageNotFoundError:
        return "not installed"
