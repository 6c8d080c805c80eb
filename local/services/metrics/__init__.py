"""CloudWatch metrics on the laptop: read from log lines and counted here, put to the emulator in few datums.

On each PutMetricData the emulator walks through every datum that it holds, so one call per log line would make
everything slower with each task.
"""
