"""What all packages of the interpreter use: errors, templates, timestamps and clocks."""
