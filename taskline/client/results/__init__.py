"""What the API returns, as frozen dataclasses. A test compares their fields with the API's document."""
