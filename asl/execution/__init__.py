"""One execution: its scheduler, its context, its history and its log."""
