"""What the whole console knows: the stage, words for times and sizes, and the same on the command line."""
