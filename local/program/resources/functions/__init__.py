"""Lambda functions, their packages, permissions and event source mappings."""
