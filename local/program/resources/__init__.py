"""One module per service; each ends with its `HANDLERS`."""
