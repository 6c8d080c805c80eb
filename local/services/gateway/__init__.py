"""API Gateway on the laptop: the stages of REST APIs.

The emulator keeps the API's id, its stages and the keys of its clients, so that they can be looked up. What the
document of the API defines happens here. Nothing in here waits, reads a clock or knows an HTTP server: the front door
(`local/services/http/front_door.py`) does that.

`build.py` makes stages from what the program declared. `stage.py` takes a request through `routing.py`,
`signature.py`, `keys.py`, `limits.py` and `event.py`, and a function's payload through `proxy_response.py` and
`compression.py`. A request that is refused on the way (`refused.py`) gets one of `gateway_responses.py`.
"""
