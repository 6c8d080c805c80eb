"""The API's protocol without input and output: what to send, what a response means, and what to do next."""
