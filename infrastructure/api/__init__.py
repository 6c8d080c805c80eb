"""The REST API in front of the functions that serve it."""
