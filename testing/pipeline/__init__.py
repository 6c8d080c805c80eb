"""One pipeline in memory: the shipped handlers, state machine and decisions of the pipe, on a virtual clock."""
