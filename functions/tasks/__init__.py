"""The domain: tasks, their life cycle and their errors. No AWS, no environment, no clock of its own."""
