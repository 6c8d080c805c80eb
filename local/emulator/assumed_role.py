"""A boto3 session under an assumed role, so that the emulator enforces that role's policies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
from botocore.credentials import CredentialProvider, CredentialResolver, DeferredRefreshableCredentials

from local.emulator.clients import Clients


def assumed_session(clients: Clients, role_arn: str, session_name: str) -> AssumedSession:
    """A session whose credentials come from AssumeRole and are renewed before they expire."""

    def refresh() -> dict[str, str]:
        credentials = clients.sts.assume_role(RoleArn=role_arn, RoleSessionName=session_name[:64])["Credentials"]
        return {
            "access_key": credentials["AccessKeyId"],
            "secret_key": credentials["SecretAccessKey"],
            "token": credentials["SessionToken"],
            "expiry_time": credentials["Expiration"].isoformat(),
        }

    base = clients.botocore_session()
    base.register_component("credential_provider", CredentialResolver([_AssumeRole(refresh)]))
    session = boto3.session.Session(botocore_session=base, region_name=clients.region)
    return AssumedSession(session, clients.endpoint, role_arn)


class AssumedSession:
    """Builds clients for the emulator under the role."""

    def __init__(self, session: boto3.session.Session, endpoint: str, role_arn: str) -> None:
        self.role_arn = role_arn
        self._session: Any = session
        self._endpoint = endpoint

    def client(self, service: str, config: Any = None) -> Any:
        """A boto3 client of the service."""
        return self._session.client(service, endpoint_url=self._endpoint, config=config)


class _AssumeRole(CredentialProvider):
    METHOD = "taskline-assume-role"

    def __init__(self, refresh: Callable[[], dict[str, str]]) -> None:
        super().__init__()
        self._refresh = refresh

    def load(self) -> DeferredRefreshableCredentials:
        return DeferredRefreshableCredentials(refresh_using=self._refresh, method=self.METHOD)
