"""From an expression's text to nested Python functions."""
