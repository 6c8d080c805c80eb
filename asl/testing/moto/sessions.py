"""Clients of moto's services, as the role of a machine."""

import threading
from typing import Any, Final

import boto3
from botocore.config import Config
from moto.core.models import botocore_stubber
from moto.sts.models import sts_backends
from moto.utilities.utils import get_partition

from asl.integrations import clients_of
from asl.integrations.runner import Clients

# moto is never busy, and botocore's own retries would sleep; an endpoint that is configured would lead out of moto.
_OPTIONS: Final[dict[str, Any]] = {"retries": {"total_max_attempts": 1}, "ignore_configured_endpoint_urls": True}


class Sessions:
    """Makes the clients of each role once, and anew when moto has been reset. Threads may share it."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, str, str], tuple[str, Clients]] = {}
        self._lock = threading.Lock()

    def clients(self, role_arn: str, account: str, region: str) -> Clients:
        """Clients for a role, in the account and the region of its machine."""
        if not botocore_stubber.enabled:
            raise RuntimeError("mock_aws is not active in this process: the machine's tasks would call AWS")
        with self._lock:
            key, clients = self._made.get((role_arn, account, region), ("", None))
            if clients is None or not _sts(account, region).get_assumed_role_from_access_key(key):
                key, clients = _assume(role_arn, account, region)
                self._made[role_arn, account, region] = key, clients
            return clients


def _assume(role_arn: str, account: str, region: str) -> tuple[str, Clients]:
    """The access key of the role's session, and its clients. moto finds the account by the key."""
    # Tests tend to name a role of any account; moto would look for the machine's tables there.
    role = ":".join([*role_arn.split(":")[:4], account, *role_arn.split(":")[5:]])
    assumed: Any = _sts(account, region).assume_role(
        region_name=region, role_session_name="express", role_arn=role, policy="", duration=3600, external_id=""
    )
    session = boto3.Session(
        aws_access_key_id=assumed.access_key_id,
        aws_secret_access_key=assumed.secret_access_key,
        aws_session_token=assumed.session_token,
        region_name=region,
    )
    return assumed.access_key_id, clients_of(session, config=Config(**_OPTIONS))


def _sts(account: str, region: str) -> Any:
    return sts_backends[account][get_partition(region)]
