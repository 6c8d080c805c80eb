"""What a pipeline does, as commands that also run by hand: deployment with a way back, notes, bill of materials."""
