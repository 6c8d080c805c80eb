"""The bill of materials of what runs in Lambda, in CycloneDX 1.6, from the lock with its hashes: nothing is guessed.

https://cyclonedx.org/docs/1.6/json/
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from typing import Any, Final

_PINNED: Final = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^]]*\])?==(?P<version>[^\s;\\]+)")
_HASH: Final = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "https://cyclonedx.org/taskline")


def bill(lock: str, version: str) -> Mapping[str, Any]:
    """The document for a lock. The same lock gives the same document; a package without a hash is a `ValueError`."""
    components = list(_components(lock))
    names = [component["bom-ref"] for component in components]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(_NAMESPACE, version + lock)}",
        "version": 1,
        "metadata": {
            "component": {"type": "application", "bom-ref": "taskline", "name": "taskline", "version": version}
        },
        "components": components,
        "dependencies": [{"ref": "taskline", "dependsOn": names}, *({"ref": name} for name in names)],
    }


def _components(lock: str) -> Iterator[dict[str, Any]]:
    for requirement in lock.replace("\\\n", " ").splitlines():
        if (found := _PINNED.match(requirement.strip())) is None:
            continue
        hashes = _HASH.findall(requirement)
        if not hashes:
            raise ValueError(f"{found['name']} has no hash in the lock. Run `make requirements`.")
        package = f"pkg:pypi/{found['name'].lower().replace('_', '-')}@{found['version']}"
        yield {
            "type": "library",
            "bom-ref": package,
            "name": found["name"],
            "version": found["version"],
            "purl": package,
            # A lock has a hash for each file that may be installed; a component's own `hashes` are those of one file.
            "properties": [{"name": "taskline:lock:sha256", "value": one} for one in hashes],
        }
