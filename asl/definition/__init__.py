"""From the JSON text of a state machine to its model, or to the list of problems found in it."""
