"""CloudWatch Logs on the laptop: what executions and functions write reaches the emulator in few requests, bounded."""
