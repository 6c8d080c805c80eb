"""CloudWatch Logs on the laptop: what executions and functions write reaches the emulator in few requests, bounded."""

from local.logs.delivery import LogDelivery

__all__ = ["LogDelivery"]
