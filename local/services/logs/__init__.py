"""CloudWatch Logs on the laptop: what executions and functions write reaches the emulator in few requests, bounded."""

from local.services.logs.delivery import LogDelivery

__all__ = ["LogDelivery"]
