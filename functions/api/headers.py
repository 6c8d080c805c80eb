"""Names of headers and media types, in functions, document and gateway alike."""

JSON = "application/json"
PROBLEM_JSON = "application/problem+json"
HTML = "text/html"

KEY_HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotent-Replayed"
