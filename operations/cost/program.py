"""A stage's resources as the program declares them, with nothing deployed and nobody asked."""

from __future__ import annotations

import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

from infrastructure.cost.declared import Declared
from local.program.config import load_config
from local.program.recording import Recording, RecordingMonitor
from local.program.stack import evaluate


def declared(stage: str) -> Declared:
    """All resources of a stage. Errors of the program and of its settings are raised as they are."""
    recording = Recording()
    with TemporaryDirectory() as folder:
        layer = Path(folder) / "layer.zip"  # whose content nobody is charged for
        with zipfile.ZipFile(layer, "w") as archive:
            archive.writestr("python/nothing.py", "")
        config = load_config(stage, {"dependencyLayer": str(layer)})
        evaluate(recording, config, stage, monitor=RecordingMonitor)
    return Declared(recording.resources)
