"""API keys and their usage plans."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from local.services.gateway.limits import Quota, TokenBucket
from local.services.http.refused import bad_api_key, quota_exceeded, throttled

API_KEY_HEADER: Final = "X-Api-Key"


class Client:
    """An API key with the limits of its usage plan; None where the plan has none."""

    def __init__(self, *, key_id: str, value: str, throttle: TokenBucket | None, quota: Quota | None) -> None:
        self.value = value
        self.identity: Mapping[str, str] = {"apiKey": value, "apiKeyId": key_id}
        self._throttle = throttle
        self._quota = quota

    def check_rate(self, now: float) -> None:
        """Count a request against the rate. Raises `Refused`."""
        if self._throttle is not None and not self._throttle.take(now):
            raise throttled()

    def check_quota(self, now: float) -> None:
        """Count a request against the quota. Raises `Refused`."""
        if self._quota is not None and not self._quota.take(now):
            raise quota_exceeded()


class Clients:
    """The enabled API keys that are in a usage plan of the stage."""

    def __init__(self, clients: Iterable[Client]) -> None:
        self._by_value = {client.value: client for client in clients}

    def find(self, key: str | None) -> Client:
        """The client with this key. Raises `Refused`."""
        client = self._by_value.get(key or "")
        if client is None:
            raise bad_api_key()
        return client
