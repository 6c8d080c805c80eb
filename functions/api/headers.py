"""Names of headers and media types, shared by functions, document and gateway."""

JSON = "application/json"
PROBLEM_JSON = "application/problem+json"
HTML = "text/html"

KEY_HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotent-Replayed"
