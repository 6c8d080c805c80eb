"""CloudWatch metrics on the laptop: read from log lines and counted here, put to the emulator in few datums.

The emulator walks through every datum that it holds on each PutMetricData, so one call a log line would make
everything slower with each task.
"""
