"""What the validator is measured against: the same endpoint as others would write it, and the floor."""
