"""How states run, a module for each kind of them."""
