"""Creates on the emulator what the Pulumi program declares.

To support another resource type: write a `Handler` in `services/` (20 lines will do) and list it in `registry.py`.
"""

from local.provisioner.model import (
    AlarmDeclaration,
    Context,
    Deployed,
    PipeDeclaration,
    StreamDeclaration,
)
from local.provisioner.monitor import Provisioner

__all__ = [
    "AlarmDeclaration",
    "Context",
    "Deployed",
    "PipeDeclaration",
    "Provisioner",
    "StreamDeclaration",
]
