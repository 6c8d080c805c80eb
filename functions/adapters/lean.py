"""What libraries make or load at import and no function needs: left out, because every cold start would pay for it.

On Lambda alone, and before anything else is imported (`functions/__init__.py`). What each part saves, and how it is
held against the libraries, is in `docs/decisions/0015-the-validator-loads-what-it-needs.md`.
"""

import sys
from importlib import import_module
from inspect import currentframe
from types import ModuleType
from typing import Any

SCHEMAS = "pydantic_core.core_schema"
PACKAGES = "importlib.metadata"
DOCUMENTATION = "botocore.docs"
DOCSTRINGS = ("ClientMethodDocstring", "PaginatorDocstring", "WaiterDocstring")


class Shape(dict[str, Any]):
    """A `TypedDict` without its types, which only type checkers read there."""

    def __init_subclass__(cls, *, total: bool = True) -> None:
        """Take what `TypedDict` takes."""


class ShapesOfSchemas:
    """In place of `TypedDict`: a `Shape` in the module of pydantic's schemas, itself in all others."""

    def __init__(self, original: Any) -> None:
        self._original = original

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[Any, ...]:
        """The bases of the class that is being made. As `namedtuple` does, it looks for the module in the frame."""
        frame = currentframe()
        maker = frame and frame.f_back
        if maker and maker.f_globals["__name__"] == SCHEMAS:
            return (Shape,)
        return self._original.__mro_entries__(bases)


class Postponed(ModuleType):
    """A module with stand-ins for what libraries import from it; for anything else it is loaded in earnest."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # what the import statement itself looks for
            raise AttributeError(name)
        return getattr(loaded(self.__name__), name)


def loaded(name: str) -> Any:
    """The module itself."""
    if isinstance(sys.modules[name], Postponed):
        del sys.modules[name]
    return import_module(name)


class Unwritten(str):
    """The documentation of a client's method, which nobody reads: empty, whatever it is made of."""

    __slots__ = ()

    def __new__(cls, *_: Any, **__: Any) -> "Unwritten":
        """Take what botocore's own takes."""
        return super().__new__(cls)


def trim() -> None:
    """Leave all of it out, of what is not loaded yet."""
    if PACKAGES not in sys.modules:
        _postpone_packages()
    if SCHEMAS not in sys.modules:
        _load_schemas()
    if "botocore" not in sys.modules:
        _leave_out_documentation()


def _postpone_packages() -> None:
    """The module that reads what is installed, and with it zip files and tables. Libraries import two functions."""
    packages: Any = Postponed(PACKAGES)

    def version(name: str) -> str:
        return loaded(PACKAGES).version(name)

    def entry_points(**chosen: str) -> Any:
        return loaded(PACKAGES).entry_points(**chosen)

    packages.version, packages.entry_points = version, entry_points
    _put(packages)


def _load_schemas() -> None:
    """Pydantic's core describes each of its hundred schemas by a `TypedDict`, whose types are parsed one by one."""
    import typing_extensions

    home: Any = sys.modules["typing"] if sys.version_info >= (3, 12) else typing_extensions
    original = home.TypedDict
    home.TypedDict = ShapesOfSchemas(original)
    try:
        import_module(SCHEMAS)
    finally:
        home.TypedDict = original


def _leave_out_documentation() -> None:
    """Botocore's writer of documentation: a dozen modules, of which a client takes three names."""
    package, docstrings = Postponed(DOCUMENTATION), Postponed(f"{DOCUMENTATION}.docstring")
    package.__path__ = [f"{path}/docs" for path in import_module("botocore").__path__]
    for name in DOCSTRINGS:
        setattr(docstrings, name, Unwritten)
    _put(package)
    _put(docstrings)


def _put(module: ModuleType) -> None:
    """Where the import system would put it: among all modules, and into its package."""
    package, _, name = module.__name__.rpartition(".")
    sys.modules[module.__name__] = module
    setattr(sys.modules[package], name, module)
