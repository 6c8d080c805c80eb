"""Kills, freezes and starves a laptop edition under load, and checks that it keeps what it promised."""
