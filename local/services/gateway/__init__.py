"""API Gateway on the laptop: the stages of REST APIs.

The emulator keeps the API's id, its stages and its API keys, so that they can be looked up. What the API's document
defines happens here. Nothing in this package waits, reads a clock or knows an HTTP server: the front door
(`local/services/http/front_door.py`) does that.

`build.py` makes stages from what the program declared. `stage.py` takes a request through `routing.py`,
`signature.py`, `resource_policy.py`, `keys.py`, `limits.py` and `event.py`, and a function's payload through
`http/proxy_response.py` and `http/compression.py`. A request that is rejected on the way (`http/gateway_errors.py`)
gets a response from `gateway_responses.py`.
"""
