"""What a task type needs besides its code. Declared beside the type; the infrastructure is derived from it.

needs = Needs(
    pool=Pool("rendering", timeout_seconds=60, memory_megabytes=2048),
    extra="rendering",
    environment=("INVOICE_BUCKET",),
    secrets=("fonts-api",),
    permissions=(Allow("s3:PutObject", on="arn:{partition}:s3:::{INVOICE_BUCKET}/*"),),
)
"""

import re
from dataclasses import dataclass

_POOL_NAME = re.compile(r"[a-z][a-z0-9-]{0,19}")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_SECRET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_ACTION = re.compile(r"[a-z0-9-]+:[A-Z][A-Za-z0-9]*")
_FOREIGN_PREFIXES = ("AWS_", "POWERTOOLS_", "LAMBDA_", "PYTHON", "PYDANTIC_", "TASKLINE_")
_OWN_VARIABLES = frozenset({"SECRETS_PATH", "TASK_TYPE_MODULES"})
MAX_TIMEOUT_SECONDS, MIN_MEGABYTES, MAX_MEGABYTES = 289, 128, 10_240


def _check(valid: object, what: str, value: object, allowed: str) -> None:
    if not valid:
        raise ValueError(f"{what} is {value!r}; allowed: {allowed}")


@dataclass(frozen=True)
class Pool:
    """A function with a role and packages of its own, for the task types that name it.

    What is None has the stage's value: `handlerTimeoutSeconds`, `processorMemoryMegabytes`. `concurrency` are the runs
    that are kept for the pool, and the most it gets; 0 reserves none.
    """

    name: str
    timeout_seconds: int | None = None
    memory_megabytes: int | None = None
    concurrency: int = 0

    def __post_init__(self) -> None:
        _check(_POOL_NAME.fullmatch(self.name), "pool", self.name, "1 to 20 of a-z, 0-9 and -, a letter first")
        seconds, megabytes = self.timeout_seconds, self.memory_megabytes
        _check(
            seconds is None or 1 <= seconds <= MAX_TIMEOUT_SECONDS,
            f"timeout_seconds of pool {self.name}",
            seconds,
            f"1 to {MAX_TIMEOUT_SECONDS}",
        )
        _check(
            megabytes is None or MIN_MEGABYTES <= megabytes <= MAX_MEGABYTES,
            f"memory_megabytes of pool {self.name}",
            megabytes,
            f"{MIN_MEGABYTES} to {MAX_MEGABYTES}",
        )
        _check(self.concurrency >= 0, f"concurrency of pool {self.name}", self.concurrency, "0 or more")


DEFAULT_POOL = Pool("default")


@dataclass(frozen=True, init=False)
class Allow:
    """Permission for actions, such as `s3:PutObject`, on a resource.

    The resource is an ARN. In it, `{NAME}` stands for a variable of the type's `environment`, and `{partition}`,
    `{region}`, `{account}`, `{stage}` for where the stack is.
    """

    actions: tuple[str, ...]
    on: str

    def __init__(self, *actions: str, on: str) -> None:
        _check(actions, "permission", actions, "at least one action, such as s3:PutObject")
        for action in actions:
            _check(_ACTION.fullmatch(action), "action", action, "one action by name, such as s3:PutObject")
        _check(on.startswith("arn:") and on != "arn:", "resource", on, "an ARN, of one resource or of those under it")
        object.__setattr__(self, "actions", actions)
        object.__setattr__(self, "on", on)


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What a type needs, and what its pool therefore gets.

    `extra` names packages: an extra of the distribution that has the type, or of this project. `environment` are
    variables, whose values are set per stage. `secrets` are read with `functions.tasks.secrets.secret`.
    """

    pool: Pool = DEFAULT_POOL
    extra: str = ""
    environment: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    permissions: tuple[Allow, ...] = ()

    def __post_init__(self) -> None:
        for variable in self.environment:
            reserved = variable in _OWN_VARIABLES or variable.startswith(_FOREIGN_PREFIXES)
            _check(
                _VARIABLE.fullmatch(variable) and not reserved,
                "environment variable",
                variable,
                "A-Z, 0-9 and _, and no name of Lambda's, Python's, Powertools' or this project's own",
            )
        for name in self.secrets:
            _check(_SECRET.fullmatch(name), "secret", name, "1 to 64 letters, digits, ., _ and -")


NOTHING = Needs()
