"""Whose tokens prove who a client is: Cognito user pools, and the scopes that a token has to have."""

import re
from dataclasses import dataclass

from infrastructure.settings.checks import SettingsError, check

_POOL = re.compile(r"arn:[a-z-]+:cognito-idp:[a-z0-9-]+:\d{12}:userpool/[\w-]+")
_SCOPE = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]{1,256}")  # https://www.rfc-editor.org/rfc/rfc6749#section-3.3


@dataclass(frozen=True, kw_only=True)
class TokenSettings:
    """`user_pools` by ARN. With `scopes`, access tokens that have one of them are accepted; without, ID tokens."""

    user_pools: tuple[str, ...]
    scopes: tuple[str, ...]

    def __post_init__(self) -> None:
        pools, scopes = self.user_pools, self.scopes
        valid = all(_POOL.fullmatch(pool) for pool in pools) and len(set(pools)) == len(pools)
        check(valid, "userPools", ",".join(pools), "different ARNs of Cognito user pools, separated by commas")
        valid = all(_SCOPE.fullmatch(scope) for scope in scopes) and len(set(scopes)) == len(scopes)
        check(valid, "tokenScopes", ",".join(scopes), "different scopes such as tasks/submit, separated by commas")

    def check_use(self, authorization: str) -> None:
        """Raise `SettingsError` unless clients send tokens exactly where there is someone to check them."""
        if authorization == "jwt" and not self.user_pools:
            raise SettingsError(
                "taskline:clientAuthorization is 'jwt' and taskline:userPools is empty: nobody could check a token. "
                "Name the user pools of your clients: pulumi config set userPools "
                "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_AbCdEfGhI"
            )
        unused = [key for key, given in (("userPools", self.user_pools), ("tokenScopes", self.scopes)) if given]
        if authorization != "jwt" and unused:
            raise SettingsError(
                f"taskline:{unused[0]} is set and taskline:clientAuthorization is {authorization!r}: no token would "
                f"be checked. Check them with: pulumi config set clientAuthorization jwt. Or do without: "
                f"{' && '.join(f'pulumi config rm {key}' for key in unused)}"
            )
