"""Carries out flows: over httpx, with threads or with asyncio."""
