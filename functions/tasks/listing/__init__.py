"""Listing tasks: the request, the cursor, and how a page is built."""
