"""Step Functions Express on the laptop: machines that the emulator keeps, run by `asl`.

On the emulator, a state machine, its role and its logging configuration are looked up, changed and deleted. What runs
is our own interpreter, under the machine's role, and it writes AWS's execution logs.
"""
