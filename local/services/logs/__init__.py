"""CloudWatch Logs on the laptop: the lines of executions and functions reach the emulator in few requests."""
