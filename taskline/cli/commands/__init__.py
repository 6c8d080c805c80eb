"""The commands, a module for each subject. What they need is imported when they run, so that the help comes at once."""
