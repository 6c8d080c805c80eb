"""Tasks carried out by AWS services, or by whatever speaks their protocols."""

from asl.integrations.runner import ServiceTasks, clients_of

__all__ = ["ServiceTasks", "clients_of"]
