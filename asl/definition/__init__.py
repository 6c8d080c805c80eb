"""From the JSON text of a state machine to its model, or to the reason why it is none."""
