"""Accepting tasks: validation, idempotency, and submission, alone or in batches."""
