"""What the program declares, as the services of the laptop edition read it."""
