"""The emulator's address: its endpoint with the secret of its start, `http://secret@127.0.0.1:port`.

The address is all it takes to use the emulator; see `emulator_process.py`. Loads nothing slow: the emulator is started
first.
"""

from __future__ import annotations

import urllib.request


def split(address: str) -> tuple[str, str]:
    """The secret in an address of the emulator, and its plain endpoint."""
    scheme, _, rest = address.partition("://")
    secret, _, host = rest.rpartition("@")
    return secret, f"{scheme}://{host}"


def get(url: str, secret: str, timeout: float) -> bytes:
    """The body of what the emulator serves outside of AWS's protocols. Raises `OSError` unless the status is 200."""
    request = urllib.request.Request(url, headers={"User-Agent": f"app/{secret}"})  # noqa: S310 always the emulator's
    # Never through a proxy that the host's environment names.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=timeout) as response:
        return response.read()
