"""What all parts of the command line rest on: exit codes, what failures mean, options that commands share."""
