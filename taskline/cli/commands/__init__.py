"""The commands, a module for each subject. What they need is imported when they run: the help comes at once."""
