"""Errors of paths, before and while a machine runs."""


class PathError(ValueError):
    """An invalid path, payload template or rule."""


class PathFailed(Exception):
    """A path that leads nowhere, or to a value that its field cannot take. The text is the cause."""
