"""For tests: the runner behind doubles that they use already. Each double has a room, loaded with it alone."""
