"""Event source mappings of DynamoDB streams on the laptop."""
