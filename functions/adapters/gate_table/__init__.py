"""The table of gates on DynamoDB: an item for each closed gate, and one for each parked task."""
