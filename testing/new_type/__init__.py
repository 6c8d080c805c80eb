"""Writes a new task type, with the model of its data and its test."""
