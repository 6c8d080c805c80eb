"""What every room of the runner rests on: errors, templates, times and clocks."""
