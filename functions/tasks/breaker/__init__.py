"""The circuit breaker: its states, its control of the pipe, and its view."""
