"""API keys and their usage plans."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from local.services.gateway.limits import Quota, TokenBucket
from local.services.http.gateway_errors import bad_api_key, quota_exceeded, throttled

API_KEY_HEADER: Final = "X-Api-Key"


class ApiKey:
    """An API key with the limits of its usage plan; None where the plan has none."""

    def __init__(self, *, key_id: str, value: str, throttle: TokenBucket | None, quota: Quota | None) -> None:
        self.value = value
        self.identity: Mapping[str, str] = {"apiKey": value, "apiKeyId": key_id}
        self._throttle = throttle
        self._quota = quota

    def check_rate(self, now: float) -> None:
        """Count a request against the rate. Raises `GatewayError`."""
        if self._throttle is not None and not self._throttle.take(now):
            raise throttled()

    def check_quota(self, now: float) -> None:
        """Count a request against the quota. Raises `GatewayError`."""
        if self._quota is not None and not self._quota.take(now):
            raise quota_exceeded()


class ApiKeys:
    """The enabled API keys that are in a usage plan of the stage."""

    def __init__(self, keys: Iterable[ApiKey]) -> None:
        self._by_value = {key.value: key for key in keys}

    def find(self, value: str | None) -> ApiKey:
        """The key with this value. Raises `GatewayError`."""
        key = self._by_value.get(value or "")
        if key is None:
            raise bad_api_key()
        return key
