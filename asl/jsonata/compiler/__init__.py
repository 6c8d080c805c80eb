"""Compiles the text of an expression to nested Python functions."""
