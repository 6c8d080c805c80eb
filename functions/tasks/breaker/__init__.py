"""The circuit breaker: its states, how it controls the pipe, and how it is shown."""
