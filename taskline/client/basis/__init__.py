"""What all parts of the client rest on: its errors, its settings, and how requests are signed."""
