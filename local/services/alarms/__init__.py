"""CloudWatch alarms on the laptop."""
