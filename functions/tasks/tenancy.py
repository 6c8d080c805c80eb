"""Tenancy: whose a task is, and who sees it.

A tenant is a client as the API identifies it (`functions/api/callers.py`), in a text such as `key:a1b2c3`. None stands
for everyone on a stage that asks for no credentials. The tasks of None are also those that no client submitted: what
producers send straight to the queue, and what was recorded before tasks had tenants.
"""

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum

Tenant = str | None


@dataclass(frozen=True, kw_only=True)
class View:
    """The tasks that a request sees: those of `tenant`, or `everything`. All others do not exist for it."""

    tenant: Tenant = None
    everything: bool = False

    def shows(self, tenant: Tenant) -> bool:
        """Whether a task of this tenant is in it."""
        return self.everything or tenant == self.tenant


EVERYTHING = View(everything=True)
"""What operators see."""


class Tenancy(StrEnum):
    """Whether each client has its own tasks, or all share them."""

    ISOLATED = "isolated"
    SHARED = "shared"

    def tenant(self, caller: Tenant) -> Tenant:
        """Whose a task is that this caller submits; shared tasks are no one's."""
        return caller if self is Tenancy.ISOLATED else None

    def view(self, caller: Tenant) -> View:
        """What this caller sees."""
        return View(tenant=caller) if self is Tenancy.ISOLATED else EVERYTHING


def message_group(tenant: Tenant, ordering_key: str) -> str:
    """The message group of a key's tasks: no tenant waits behind another that happens to use the same key.

    A hash, because an ordering key alone may be as long as SQS allows for the name of a group.
    """
    if tenant is None:
        return ordering_key
    return hashlib.sha256(json.dumps([tenant, ordering_key]).encode()).hexdigest()
