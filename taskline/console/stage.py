"""The stage that a console shows, where callers look for it."""

from taskline.console.basis.stage import Stage

__all__ = ["Stage"]
