"""Step Functions Express on the laptop: machines that the emulator keeps, run by `asl`.

The emulator stays the place where a state machine, its role and its logging configuration are looked up, changed and
deleted; what runs is our own interpreter, under the machine's own role, and it writes AWS's execution logs.
"""
