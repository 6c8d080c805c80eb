"""Creates on the emulator what the Pulumi program declares.

To support another resource type: write a `Handler` in `services/` (20 lines will do) and list it in `registry.py`.
"""

from local.program.declarations.model import (
    AlarmDeclaration,
    Context,
    Deployed,
    PipeDeclaration,
    StreamDeclaration,
)
from local.program.monitor import Provisioner

__all__ = [
    "AlarmDeclaration",
    "Context",
    "Deployed",
    "PipeDeclaration",
    "Provisioner",
    "StreamDeclaration",
]
