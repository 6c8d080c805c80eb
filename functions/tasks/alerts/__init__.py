"""Failure patterns, and the alerts about them."""
