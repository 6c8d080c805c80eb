"""How sharp the unit tests are: mutmut makes one mistake at a time in the domain, and the tests must catch it."""
