"""Creates on the emulator what the Pulumi program declares.

To support another resource type: write a `Handler` in `services/` (20 lines will do) and list it in `registry.py`.
"""

from local.program.declarations.model import (
    AlarmDeclaration,
    Context,
    Declarations,
    PipeDeclaration,
    StreamDeclaration,
)
from local.program.monitor import Provisioner

__all__ = [
    "AlarmDeclaration",
    "Context",
    "Declarations",
    "PipeDeclaration",
    "Provisioner",
    "StreamDeclaration",
]
