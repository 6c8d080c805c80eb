"""The task types of one test: its own, and behind them those that ship."""

from collections.abc import Iterator
from functools import cache

from functions.task_types import load_task_types
from functions.tasks.registry import Registry, TaskType


@cache
def shipped() -> Registry:
    """The types that ship, whose modules are looked for once."""
    return load_task_types()


class TypesOfATest(Registry):
    """A type that the test registers takes the place of one that ships under the same name."""

    def __init__(self) -> None:
        super().__init__()
        self.broken = shipped().broken  # a type that is missing may be in one of these modules

    def find(self, name: str) -> TaskType | None:
        """The test's type of that name, or the one that ships, or None."""
        return super().find(name) or shipped().find(name)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({*super().__iter__(), *shipped()}))
