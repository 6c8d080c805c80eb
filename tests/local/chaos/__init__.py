"""Stops, kills, freezes and starves a laptop edition, and checks that it keeps what it promised."""
