"""What the command line prints: documents for machines, tables and lines for people."""
