"""Names and units of metrics that several functions and the infrastructure share. Nothing else is loaded with them."""

COUNT, MILLISECONDS = "Count", "Milliseconds"
# From the processor, 1 or 0 per run of a task: its average is the failure rate, its sample count the volume.
TRANSIENT_FAILURE = "TransientFailure"
# From the validator, per request: how many tasks it accepted, and, for a service level objective, 1 if that took long.
ACCEPTED = "TasksAccepted"
REPLAYED = "TasksReplayed"
ACCEPTED_LATE = "AcceptedLate"
# For another objective, 1 or 0 per task, from the processor.
STARTED_LATE = "StartedLate"
# From the gatekeeper, every few minutes: for how long the key has been closed that was closed first; 0 if none is.
HALTED_SECONDS = "HaltedKeySeconds"
