"""Names and units of metrics that several functions and the infrastructure share. Nothing else is loaded with them."""

COUNT, MILLISECONDS = "Count", "Milliseconds"
# From the processor, 1 or 0 per run of a task: its average is the failure rate, its sample count the volume.
TRANSIENT_FAILURE = "TransientFailure"
# For the service level objectives, 1 or 0 per task, from the validator and from the processor.
ACCEPTED_LATE = "AcceptedLate"
STARTED_LATE = "StartedLate"
