"""The task types. Every module in this folder is imported, so adding a type means adding a file."""

from pkgutil import iter_modules

from functions.tasks.registry import Registry, registry


def load_task_types() -> Registry:
    """Import every module in this folder, which registers its functions, and return the registry.

    A module that cannot be imported harms no other: the registry names it among the `broken` ones.
    """
    for module in iter_modules(__path__, prefix=f"{__name__}."):
        registry.load(module.name)
    return registry
