"""What the program declares for API Gateway. The front door serves it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from local.program.declarations.openapi import DeclaredApi

Period = Literal["DAY", "WEEK", "MONTH"]
# The account's limits apply where one of a pair is not set:
# https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
ACCOUNT_RATE: Final = 10_000.0
ACCOUNT_BURST: Final = 5_000


@dataclass(frozen=True, kw_only=True)
class Rate:
    """Requests per second on average, and at the same moment."""

    per_second: float = ACCOUNT_RATE
    burst: int = ACCOUNT_BURST


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """Requests per period; in the first period, `offset` of them count as used."""

    limit: int
    period: Period
    offset: int = 0


@dataclass(frozen=True, kw_only=True)
class ApiDeclaration:
    """A REST API. Responses of at least `compress_from` bytes are compressed, none if it is None."""

    id: str
    api: DeclaredApi
    compress_from: int | None


@dataclass(frozen=True, kw_only=True)
class StageDeclaration:
    """A deployed stage of a REST API: its name is the first path segment of its URLs."""

    api_id: str
    name: str
    variables: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class ThrottleDeclaration:
    """The limit of each method of a stage (`method` is `*/*`), or of one (`tasks/{task_id}/GET`)."""

    api_id: str
    stage: str
    method: str
    rate: Rate


@dataclass(frozen=True, kw_only=True)
class ApiKeyDeclaration:
    """A client's key. The emulator generates its value and keeps it across restarts."""

    id: str
    value: str
    enabled: bool


@dataclass(frozen=True, kw_only=True)
class UsagePlanDeclaration:
    """The limits of each key in the plan; `stages` are pairs of API id and stage name."""

    id: str
    stages: frozenset[tuple[str, str]]
    rate: Rate | None
    quota: Allowance | None


@dataclass(frozen=True, kw_only=True)
class UsagePlanKeyDeclaration:
    """Assigns a key to a plan."""

    plan_id: str
    key_id: str


@dataclass
class GatewayDeclarations:
    """Everything that is declared for API Gateway."""

    apis: list[ApiDeclaration] = field(default_factory=list[ApiDeclaration])
    stages: list[StageDeclaration] = field(default_factory=list[StageDeclaration])
    throttles: list[ThrottleDeclaration] = field(default_factory=list[ThrottleDeclaration])
    keys: list[ApiKeyDeclaration] = field(default_factory=list[ApiKeyDeclaration])
    plans: list[UsagePlanDeclaration] = field(default_factory=list[UsagePlanDeclaration])
    plan_keys: list[UsagePlanKeyDeclaration] = field(default_factory=list[UsagePlanKeyDeclaration])
