"""What the pages show: read from the API and from AWS, and shared by all who look."""
