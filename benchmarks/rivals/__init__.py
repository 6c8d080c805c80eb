"""What the validator is compared with: the same endpoint as others would write it, and a floor."""
