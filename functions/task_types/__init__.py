"""The task types. Every module in this folder is imported, so adding a type means adding a file."""

from importlib import import_module
from pkgutil import iter_modules

from functions.tasks.registry import Registry, registry


def load_task_types() -> Registry:
    """Import every module in this folder, which registers its functions, and return the registry."""
    for module in iter_modules(__path__, prefix=f"{__name__}."):
        import_module(module.name)
    return registry
