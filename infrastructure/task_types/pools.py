"""The pools: which function runs which task types, and what it gets because they declare it."""

import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from functions.tasks.needs import DEFAULT_POOL, Pool
from functions.tasks.registry import TaskType
from infrastructure.blocks import iam
from infrastructure.blocks.location import Location
from infrastructure.settings.checks import SettingsError

MAX_FUNCTION_NAME = 64  # https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html


@dataclass(frozen=True, kw_only=True)
class PoolPlan:
    """A pool with the task types that run in it. `layer` is the archive of its packages, empty for the common ones."""

    pool: Pool
    types: tuple[TaskType, ...]
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    layer: str = ""

    @property
    def function(self) -> str:
        """The name of its function in the stack."""
        return "processor" if self.pool == DEFAULT_POOL else f"processor-{self.pool.name}"

    @property
    def timeout(self) -> int | None:
        """Seconds that its function has for a run; None if the stage says. Of a type that takes long, a second less
        than the state machine gives it: Lambda's own timeout says more.
        """
        long = [int(one.timeout.total_seconds()) - 1 for one in self.types if one.timeout and not one.task_token]
        return max(long, default=self.pool.timeout_seconds)

    @property
    def reports(self) -> bool:
        """Whether its types may report progress, and hand tokens over."""
        return any(one.is_long for one in self.types)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secrets that its types declare."""
        return tuple(sorted({name for one in self.types for name in one.needs.secrets}))


def plan_pools(types: Iterable[TaskType], values: Mapping[str, str]) -> tuple[PoolPlan, ...]:
    """The pools of these types, the default one first. `values` are the stage's environment variables for types.

    `SettingsError` names the type that lacks a variable, and the variable that no type declares.
    """
    members: dict[Pool, list[TaskType]] = {DEFAULT_POOL: []}
    for one in types:
        members.setdefault(one.needs.pool, []).append(one)
    _check_names(members)
    _check_long(members)
    _check_values(members, values)
    return tuple(
        PoolPlan(
            pool=pool,
            types=tuple(found),
            environment={name: values[name] for one in found for name in one.needs.environment},
        )
        for pool, found in members.items()
    )


def permissions(plan: PoolPlan, location: Location) -> list[iam.Statement]:
    """What the types of a pool declare that they may do. `SettingsError` names a placeholder without a value."""
    place = {"partition": location.partition, "region": location.region, "account": location.account}
    place["stage"] = pulumi.get_stack()
    declared = [(one, allow) for one in plan.types for allow in one.needs.permissions]
    return [
        iam.allow(f"For{_words(one.name)}Use{number}", list(allow.actions), _fill(one, allow.on, plan, place))
        for number, (one, allow) in enumerate(declared, 1)
    ]


def secret_path(location: Location) -> str:
    """Where the secrets of a stage's task types are in Systems Manager."""
    return f"/{location.prefix}/secrets"


def check_pools(pools: Sequence[PoolPlan], location: Location) -> None:
    """Raise `SettingsError` for a pool that this stack cannot have: its name, its permissions, its secrets."""
    for pool in pools:
        name = location.name(pool.function)
        if len(name) > MAX_FUNCTION_NAME:
            raise SettingsError(
                f"The function of pool {pool.pool.name!r} would be called {name}, {len(name)} characters, and Lambda "
                f"takes {MAX_FUNCTION_NAME}: shorten the name of the pool or of the stack."
            )
        permissions(pool, location)
    _check_secrets(pools, location)


def _check_secrets(pools: Sequence[PoolPlan], location: Location) -> None:
    """The laptop warns: it runs the other types, and a task that needs the secret waits for it."""
    wanted = {name: one.name for pool in pools for one in pool.types for name in one.needs.secrets}
    if not wanted:
        return
    path = secret_path(location)
    found = aws.ssm.get_parameters_by_path(path=path, with_decryption=False).names
    for name, task_type in sorted(wanted.items()):
        if f"{path}/{name}" in found:
            continue
        problem = f"Task type {task_type!r} needs the secret {name!r}, and the stage does not have it."
        if location.on_aws:
            command = f"aws ssm put-parameter --type SecureString --name {path}/{name} --value file:///dev/stdin"
            raise SettingsError(f"{problem} Set it with: {command}")
        pulumi.log.warn(f"{problem} Add it to .taskline/secrets.env, as a line {name}=..., and start again.")


def _check_names(members: Mapping[Pool, list[TaskType]]) -> None:
    """One name, one pool: two types that mean the same pool have to share it, not to repeat it."""
    first: dict[str, Pool] = {}
    for pool, types in members.items():
        known = first.setdefault(pool.name, pool)
        if known != pool:
            one = members[known][0].name if members[known] else "the types that ship"
            raise SettingsError(
                f"Pool {pool.name!r} is declared twice, and differently: {known} by {one}, {pool} by {types[0].name}. "
                "Declare it once, and import it."
            )


def _check_long(members: Mapping[Pool, list[TaskType]]) -> None:
    """A function has one timeout: what runs for minutes may not share it with what has seconds."""
    for pool, types in members.items():
        long = [one for one in types if one.timeout and not one.task_token]
        others = [one.name for one in types if not one.is_long] or (["any type"] if pool == DEFAULT_POOL else [])
        if long and (others or pool.timeout_seconds):
            why = f"also runs {others[0]}" if others else "has a timeout_seconds of its own"
            raise SettingsError(
                f"Task type {long[0].name!r} takes up to {long[0].timeout}, and its pool {pool.name!r} {why}. Give it "
                "a pool for types that take long: needs=Needs(pool=Pool('long'))."
            )


def _check_values(members: Mapping[Pool, list[TaskType]], values: Mapping[str, str]) -> None:
    wanted = {name: one.name for types in members.values() for one in types for name in one.needs.environment}
    for name, task_type in sorted(wanted.items()):
        if name not in values:
            raise SettingsError(
                f"Task type {task_type!r} needs the variable {name}, and the stage does not set it. Set it with: "
                f"pulumi config set --path 'taskTypeEnvironment.{name}' ..."
            )
    for name in sorted(values.keys() - wanted.keys()):
        raise SettingsError(
            f"taskline:taskTypeEnvironment sets {name}, which no task type declares; they declare: "
            f"{', '.join(sorted(wanted)) or 'none'}. Declare it with Needs(environment=...), or remove it with: "
            f"pulumi config rm --path 'taskTypeEnvironment.{name}'"
        )


def _fill(task_type: TaskType, resource: str, plan: PoolPlan, place: Mapping[str, str]) -> str:
    known = {**place, **{name: plan.environment[name] for name in task_type.needs.environment}}
    for _, name, _, _ in string.Formatter().parse(resource):
        if name is not None and name not in known:
            raise SettingsError(
                f"Task type {task_type.name!r} may use {resource}, and {{{name}}} is not one of its variables. Known "
                f"are: {', '.join(known)}. Declare the variable with Needs(environment=...)."
            )
    return resource.format_map(known)


def _words(name: str) -> str:
    """A type's name as a statement's id, which takes letters and digits only."""
    return "".join(word.capitalize() for word in name.replace("_", ".").replace("-", ".").split("."))
