"""The task types: the modules in this folder, and those of installed packages that the stage names."""

import os
from collections.abc import Iterable
from pkgutil import iter_modules

from functions.tasks.registry import Registry, registry

PACKAGES_VARIABLE = "TASK_TYPE_MODULES"


def load_task_types(modules: Iterable[str] | None = None) -> Registry:
    """Import every module in this folder, and `modules`, which register their types, and return the registry.

    Without `modules`, they are those that the environment names: no function looks for packages. A module that cannot
    be imported harms no other: the registry names it among the `broken` ones.
    """
    own = (module.name for module in iter_modules(__path__, prefix=f"{__name__}."))
    others = os.environ.get(PACKAGES_VARIABLE, "").split() if modules is None else modules
    for module in (*own, *others):
        registry.load(module)
    return registry
