"""What the program declares, in the form that the services read."""
