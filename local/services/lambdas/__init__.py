"""Lambda on the laptop: functions that the emulator keeps, run by the laptop edition itself.

On the emulator, the code, configuration, role and concurrency of a function are looked up, changed and deleted. What
runs is AWS's own runtime client in warm worker processes, under the role of the function.
"""
