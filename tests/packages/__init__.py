"""A package of task types that somebody else wrote."""
