"""Resource handlers, one module per service; each ends with its `HANDLERS`."""
