"""What an operator runs against a stack that is deployed."""
