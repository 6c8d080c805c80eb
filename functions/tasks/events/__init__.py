"""Task events: what a change of a record means, and how it is published."""
