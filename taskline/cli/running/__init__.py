"""What a command runs with: its options for stage and output, and the API of the stage."""
