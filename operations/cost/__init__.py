"""What tasks cost in a stage: the program is evaluated, tasks run through the shipped parts, and a bill is made."""
