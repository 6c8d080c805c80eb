"""Listing tasks: what can be asked for, where a page ends, and how it is put together."""
