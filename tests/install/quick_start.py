"""The installer, with another pip: `quick_start.py INSTALLER PIPS GROUP`.

Only the first step differs. `python -m venv` installs the pip that this Python bundles, which takes seconds; here it
is copied from the folder PIPS, with its bytecode. So an installation can start with the pip of an older patch release.
"""

import compileall
import shutil
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any


def main(script: str, pips: str, *arguments: str) -> int:
    spec = spec_from_file_location("install", script)
    assert spec is not None
    assert spec.loader is not None
    installer: Any = module_from_spec(spec)
    spec.loader.exec_module(installer)

    def create_environment(_self: object) -> None:
        base: str = getattr(sys, "_base_executable", sys.executable)
        subprocess.run([base, "-I", "-m", "venv", "--without-pip", "--clear", installer.VENV], check=True)
        (site,) = Path(installer.VENV).glob("lib/python*/site-packages")
        compileall.compile_dir(pips, quiet=2)  # takes seconds, once for all installations of this machine
        for folder in Path(pips).glob("pip*"):
            shutil.copytree(folder, site / folder.name)

    assert installer.Installation.create_environment
    installer.Installation.create_environment = create_environment
    return installer.main([*arguments])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
