"""Errors of paths, before and while a machine runs."""


class PathError(ValueError):
    """An invalid path, payload template or rule; or, if it is not `supported`, one that AWS would accept."""

    def __init__(self, text: str, *, supported: bool = True) -> None:
        super().__init__(text)
        self.supported = supported


class RuleError(PathError):
    """An invalid rule of a Choice."""


class PathFailed(Exception):
    """A path that leads nowhere, or to a value that its field cannot take. The text is the cause."""
