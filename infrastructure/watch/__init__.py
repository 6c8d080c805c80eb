"""What watches the pipeline: events, failure monitor, circuit breaker and alarms."""
