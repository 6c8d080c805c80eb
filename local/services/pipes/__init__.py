"""EventBridge Pipes on the laptop."""
