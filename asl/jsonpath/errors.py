"""What can be wrong with a path, before and while a machine runs."""


class PathError(ValueError):
    """A path, payload or rule that cannot be used."""


class PathFailed(Exception):
    """A path that does not lead anywhere, or to something its field cannot take; the text is the cause."""
