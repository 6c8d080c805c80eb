"""Lambda on the laptop: functions that the emulator keeps, run by the laptop edition itself.

The emulator stays the place where a function's code, configuration, role and concurrency are looked up, changed and
deleted. What runs is AWS's own runtime client in warm worker processes, under the function's role.
"""
