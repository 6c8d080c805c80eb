"""`make smoke`: provokes what a pipeline has to cope with on a deployed stack, and compares what came of it.

It submits about ten tasks of the demo types under ordering keys of its own. One of them fails for good, so whoever is
alerted of dead letters is alerted once; a redrive lets it succeed, which removes the dead letter. Records of the tasks
stay until their retention is over. One run fails for a transient reason, and only on a stack whose breaker needs more
runs than all of these to open.
"""
