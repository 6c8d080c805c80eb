"""Tasks that call AWS services, or anything with the same API."""

from asl.integrations.runner import ServiceTasks, clients_of

__all__ = ["ServiceTasks", "clients_of"]
