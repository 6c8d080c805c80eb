"""The task types of a stage, as its infrastructure takes them: all that can be wrong with them is found here."""

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import cast

import pulumi
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from functions.task_types import load_task_types
from functions.tasks.registry import TaskType
from infrastructure.blocks.packaging import REQUIREMENTS, dependency_layer, packages_of_this_machine
from infrastructure.settings.checks import SettingsError
from infrastructure.task_types.imports import foreign_imports
from infrastructure.task_types.locks import (
    LOCK_COMMAND,
    base_requirements,
    check_lock,
    extra_requirements,
    lock_of,
    pins,
)
from infrastructure.task_types.packages import ROOT, Package, files_of, find_packages
from infrastructure.task_types.pools import PoolPlan, plan_pools

_KNOWN = frozenset({"aws_lambda_powertools", "boto3", "botocore", "pydantic"})
MODULE_REMEDY = "Move what it imports into a module of its own, with task_type(..., module=...), or repair it."


@dataclass(frozen=True, kw_only=True)
class TaskTypes:
    """All types of a stage, where they come from besides `functions/task_types`, and which pools run them."""

    types: tuple[TaskType, ...]
    packages: tuple[Package, ...]
    pools: tuple[PoolPlan, ...]

    @property
    def modules(self) -> tuple[str, ...]:
        """What declares the types of the packages."""
        return tuple(package.module for package in self.packages)

    @property
    def files(self) -> tuple[tuple[Path, str], ...]:
        """What the packages consist of, with the names in the archive of the functions."""
        return files_of(self.packages)


def load_stage_types(*, on_aws: bool) -> TaskTypes:
    """The types of the current stack with what they need. `SettingsError` says what to do; nothing is created by then.

    The laptop warns of a type that cannot run, and runs the others.
    """
    config = pulumi.Config()
    names = (name.strip() for name in config.require("taskTypePackages").split(","))
    packages = find_packages(name for name in names if name)
    registry = load_task_types(package.module for package in packages)
    for module, reason in registry.broken.items():
        _report(SettingsError(f"The task types of {module} cannot be loaded: {reason}. {MODULE_REMEDY}"), on_aws)
    # A process that evaluates several stages knows the types of all of them.
    roots = {"functions", *(package.root for package in packages)}
    types = tuple(one for one in registry.types() if one.declared_in.partition(".")[0] in roots)
    return TaskTypes(types=types, packages=packages, pools=_pools(types, packages, _environment(config), on_aws))


def _report(problem: SettingsError, on_aws: bool) -> None:
    if on_aws:
        raise problem
    pulumi.log.warn(str(problem))


def _environment(config: pulumi.Config) -> dict[str, str]:
    values: Mapping[str, object] = config.require_object("taskTypeEnvironment")  # pyright: ignore[reportUnknownVariableType]
    for name, value in values.items():
        if not isinstance(value, str):
            raise SettingsError(
                f"taskline:taskTypeEnvironment.{name} is {value!r}, and an environment variable is text: put it in "
                "quotes."
            )
    return cast("dict[str, str]", values)


def _pools(
    types: Sequence[TaskType], packages: tuple[Package, ...], environment: Mapping[str, str], on_aws: bool
) -> tuple[PoolPlan, ...]:
    for package in packages:
        _check_base(package)
    pools = tuple(_with_layer(pool, packages, on_aws=on_aws) for pool in plan_pools(types, environment))
    own = frozenset(package.root for package in packages)
    for pool in pools:
        for one in pool.types:
            try:
                _check_declaration(one, own)
                _check_function(one, pool, own)
            except SettingsError as error:
                _report(error, on_aws)
    return pools


def requirements_of(types: Sequence[TaskType], packages: Sequence[Package]) -> list[tuple[str, Requirement]]:
    """What types ask for with their extras: pairs of a type's name and a requirement."""
    return [(one.name, wanted) for one in types if one.needs.extra for wanted in _extra_of(one, packages)]


def _extra_of(one: TaskType, packages: Sequence[Package]) -> list[Requirement]:
    root = one.declared_in.partition(".")[0]
    distribution = next((package.distribution for package in packages if package.root == root), None)
    try:
        return extra_requirements(one.needs.extra, distribution)
    except LookupError as error:
        raise SettingsError(f"Task type {one.name!r} needs the extra {one.needs.extra!r}: {error.args[0]}.") from error


def _check_base(package: Package) -> None:
    """Every function has the package, with what all functions have: more would slow the API down."""
    base = pins(REQUIREMENTS)
    for requirement in base_requirements(package.distribution):
        version = base.get(canonicalize_name(requirement.name))
        if version is None or version not in requirement.specifier:
            has = f"has {version}" if version else "does not have it"
            raise SettingsError(
                f"{package.distribution.name} requires {requirement}, and {REQUIREMENTS.relative_to(ROOT)}, the lock "
                f"of all functions, {has}. Move it into an extra, and name the extra in the Needs of the types that "
                "use it."
            )


def _with_layer(pool: PoolPlan, packages: Sequence[Package], *, on_aws: bool) -> PoolPlan:
    wanted = requirements_of(pool.types, packages)
    if not wanted:
        return pool
    try:
        check_lock(pool.pool.name, wanted)
    except SettingsError as error:
        _report(error, on_aws)
        return pool
    lock = lock_of(pool.pool.name)
    layer = dependency_layer(requirements=lock) if on_aws else packages_of_this_machine(lock)
    return replace(pool, layer=layer)


def _check_declaration(one: TaskType, own: frozenset[str]) -> None:
    """All functions load the declaration."""
    for found in foreign_imports(one.declared_in, own, deferred=False):
        if not _is_common(found.root):
            raise SettingsError(
                f"{found}, and all functions load this file, because it declares task type {one.name!r}. Move the "
                "import to the module that has the type's function, and name that: task_type(..., module=...)."
            )


def _check_function(one: TaskType, pool: PoolPlan, own: frozenset[str]) -> None:
    try:
        imports = foreign_imports(one.module, own, deferred=True)
    except (SyntaxError, ModuleNotFoundError) as error:
        raise SettingsError(
            f"{one.module}, the module of task type {one.name!r}, cannot be loaded: {type(error).__name__}: {error}. "
            "Repair it, or name another one: task_type(..., module=...)."
        ) from error
    for found in imports:
        if not _is_common(found.root) and found.root not in _roots_of(pool.layer):
            raise SettingsError(
                f"{found}, for task type {one.name!r}, and pool {pool.pool.name!r} does not have it. Name the package "
                "in an extra, the extra in Needs(extra=...) of the type, and lock it: "
                f"{LOCK_COMMAND}"
            )


def _is_common(root: str) -> bool:
    """Whether all functions have this top-level module. Looking through all packages takes a fifth of a second."""
    return root in _KNOWN or root in base_roots()


@cache
def base_roots() -> frozenset[str]:
    """The top-level modules of what all functions have."""
    base = pins(REQUIREMENTS)
    owners = packages_distributions()
    return frozenset(root for root, names in owners.items() if any(canonicalize_name(name) in base for name in names))


@cache
def _roots_of(layer: str) -> frozenset[str]:
    """The top-level modules in a layer, which is an archive or, on a laptop, a folder."""
    if not layer:
        return frozenset()
    if Path(layer).is_dir():
        names = [path.name for path in Path(layer).iterdir()]
    else:
        with zipfile.ZipFile(layer) as archive:
            names = [name.removeprefix("python/").partition("/")[0] for name in archive.namelist()]
    return frozenset(name.partition(".")[0] for name in names)
