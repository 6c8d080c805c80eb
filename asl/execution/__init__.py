"""One execution: its clock, its scheduler, its context, and what is written down about it."""
