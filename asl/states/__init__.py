"""How states run."""
