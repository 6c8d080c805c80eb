"""The stack's settings, checked before any resource exists."""
