"""The settings of a stage's API: who may call it, how often, and from which web pages."""

import re
from dataclasses import dataclass
from typing import Literal, cast, get_args

import pulumi

from functions.api.access import Access
from infrastructure.settings.addresses import parse_ranges
from infrastructure.settings.checks import SettingsError, check
from infrastructure.settings.domain import DomainSettings, load_domain_settings
from infrastructure.settings.tokens import TokenSettings

FirewallMode = Literal["none", "count", "block"]
Authorization = Literal["iam", "none"]
ClientAuthorization = Literal["iam", "jwt", "none"]
OPEN_STAGE = "dev"  # the only stage whose operators may call without a signature
# https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html: an account's default is 10,000 per second.
MAX_RATE = 10_000
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:\d{1,5})?")
_CLIENT = re.compile(r"[a-z0-9-]{1,64}")


@dataclass(frozen=True, kw_only=True)
class Throttle:
    """Requests per second on average, and requests in a burst."""

    rate: int
    burst: int


@dataclass(frozen=True, kw_only=True)
class ApiSettings:
    """`cors_origins` is empty for none, `("*",)` for any. Each of `clients` has an API key with its own limits.

    `allowed_addresses` are the ranges that may call, empty for all. An open API needs them `on_aws`; on the laptop
    only programs of the same machine can call.
    """

    stage: str
    on_aws: bool
    allowed_addresses: tuple[str, ...]
    cors_origins: tuple[str, ...]
    api_key_required: bool
    clients: tuple[str, ...]
    key_throttle: Throttle
    key_quota_per_day: int
    stage_throttle: Throttle
    client_authorization: ClientAuthorization
    operator_authorization: Authorization
    firewall: FirewallMode
    account_log_role: bool
    tokens: TokenSettings
    domain: DomainSettings

    def __post_init__(self) -> None:
        origins = ",".join(self.cors_origins)
        valid = origins == "*" or all(_ORIGIN.fullmatch(origin) for origin in self.cors_origins)
        check(valid, "corsOrigins", origins, "*, or origins such as https://app.example.com, separated by commas")
        check(self.firewall in get_args(FirewallMode), "firewall", self.firewall, get_args(FirewallMode))
        self._check_clients()
        self._check_limits()
        self._check_authorization()
        self._check_closed()

    def _check_clients(self) -> None:
        clients, names = self.clients, ",".join(self.clients)
        valid = all(_CLIENT.fullmatch(client) for client in clients) and len(set(clients)) == len(clients)
        check(valid, "apiClients", names, "different names of a-z, 0-9 and -, separated by commas")
        check(bool(clients), "apiClients", names, "at least one name")

    def _check_authorization(self) -> None:
        kinds, of_clients = get_args(Authorization), get_args(ClientAuthorization)
        check(self.client_authorization in of_clients, "clientAuthorization", self.client_authorization, of_clients)
        self.tokens.check_use(self.client_authorization)
        if self.stage == OPEN_STAGE:
            check(self.operator_authorization in kinds, "operatorAuthorization", self.operator_authorization, kinds)
        else:
            allowed = f"iam, and none only in the stage {OPEN_STAGE}"
            check(self.operator_authorization == "iam", "operatorAuthorization", self.operator_authorization, allowed)

    def _check_closed(self) -> None:
        """Without this, a file that was written for the laptop would open a stack on AWS to everyone."""
        opened = self._opened()
        if not opened or self.allowed_addresses or not self.on_aws:
            return
        values = " and ".join(f"taskline:{key} is {value!r}" for key, value in opened.items())
        close = " && ".join(f"pulumi config rm {key}" for key in opened)
        raise SettingsError(
            f"{values}: on AWS, everyone who knows the address of the API could use it. Close it with: {close}. Or "
            "name the addresses that may call it: pulumi config set allowedAddresses 203.0.113.0/24"
        )

    def _opened(self) -> dict[str, object]:
        """The settings that open the API, with their values; the default of each closes it."""
        keyless = not self.api_key_required and self.client_authorization == "none"
        settings = (
            ("operatorAuthorization", self.operator_authorization, self.operator_authorization == "none"),
            ("apiKeyRequired", self.api_key_required, keyless),
            ("corsOrigins", "*", self.cors_origins == ("*",)),
        )
        return {key: value for key, value, opens in settings if opens}

    def _check_limits(self) -> None:
        for prefix, throttle in (("key", self.key_throttle), ("stage", self.stage_throttle)):
            rate, burst = throttle.rate, throttle.burst
            check(1 <= rate <= MAX_RATE, f"{prefix}RatePerSecond", rate, f"1 to {MAX_RATE}")
            check(1 <= burst <= MAX_RATE, f"{prefix}Burst", burst, f"1 to {MAX_RATE}")
        quota = self.key_quota_per_day
        check(0 <= quota <= 1_000_000_000, "keyQuotaPerDay", quota, "1 to 1000000000, or 0 for none")

    @property
    def access(self) -> Access:
        """Which credentials callers need."""
        return Access(
            api_key=self.api_key_required,
            client_iam=self.client_authorization == "iam",
            client_jwt=self.client_authorization == "jwt",
            operator_iam=self.operator_authorization == "iam",
        )


def load_api_settings(config: pulumi.Config, *, on_aws: bool) -> ApiSettings:
    """The settings of the current stack's API; `SettingsError` before any resource exists."""
    return ApiSettings(
        stage=pulumi.get_stack(),
        on_aws=on_aws,
        allowed_addresses=parse_ranges(_list(config.get("allowedAddresses"))),
        cors_origins=_list(config.get("corsOrigins")),
        api_key_required=config.require_bool("apiKeyRequired"),
        clients=_list(config.get("apiClients")),
        key_throttle=Throttle(rate=config.require_int("keyRatePerSecond"), burst=config.require_int("keyBurst")),
        key_quota_per_day=config.require_int("keyQuotaPerDay"),
        stage_throttle=Throttle(rate=config.require_int("stageRatePerSecond"), burst=config.require_int("stageBurst")),
        client_authorization=cast(ClientAuthorization, config.require("clientAuthorization")),
        operator_authorization=cast(Authorization, config.require("operatorAuthorization")),
        firewall=cast(FirewallMode, config.require("firewall")),
        account_log_role=config.require_bool("accountLogRole"),
        tokens=TokenSettings(
            user_pools=_list(config.get("userPools")),
            scopes=_list(config.get("tokenScopes")),
        ),
        domain=load_domain_settings(config),
    )


def _list(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",")) if text else ()
