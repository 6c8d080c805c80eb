"""An execution of the state machine: read from its log, put together, laid out and drawn."""
