"""Bytecode for Lambda's Python, written by an interpreter of this machine, if it has one.

Without it, Lambda compiles every module in every cold start: it cannot write next to the code. Bytecode belongs to a
minor version of Python and to no platform, so any Python 3.13 can write it. It is taken without a look at the source
(https://docs.python.org/3/reference/import.html#pyc-invalidation), because both come from one archive.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

# Run by the other interpreter, without its site-packages. Some packages hold templates that are no Python.
_COMPILE = """
import json, py_compile, sys
from pathlib import Path
for source, seen_as, compiled in json.load(sys.stdin):
    Path(compiled).parent.mkdir(parents=True, exist_ok=True)
    try:
        mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
        py_compile.compile(source, compiled, seen_as, doraise=True, invalidation_mode=mode)
    except py_compile.PyCompileError:
        continue
"""
_ABOUT = "import sys; print(sys.implementation.cache_tag, sys.version_info.releaselevel, sys.version.split()[0])"
# The same seed and no settings of the caller: the same bytes.
_ENVIRONMENT = {"PYTHONHASHSEED": "0", "PATH": os.defpath}


@dataclass(frozen=True, kw_only=True)
class Compiler:
    """An interpreter that writes bytecode; `tag` is in the names of its files, `version` is `3.13.0`."""

    path: str
    tag: str
    version: str

    def compile(self, files: Iterable[tuple[Path, str]], mounted: str, target: Path) -> Iterator[tuple[Path, str]]:
        """The bytecode of the modules among `files`, each with its name in the archive, which Lambda has at `mounted`.

        Written below `target`. Tracebacks name the files where Lambda has them.
        """
        names = [(path, PurePosixPath(name)) for path, name in files if name.endswith(".py")]
        compiled = {name: name.parent / "__pycache__" / f"{name.stem}.{self.tag}.pyc" for _, name in names}
        orders = [(str(path), f"{mounted}/{name}", str(target / compiled[name])) for path, name in names]
        command = [self.path, "-S", "-s", "-W", "ignore", "-c", _COMPILE]
        subprocess.run(command, input=json.dumps(orders), env=_ENVIRONMENT, text=True, check=True)
        return ((target / name, str(name)) for name in compiled.values() if (target / name).exists())


@cache
def find_compiler(version: str) -> Compiler | None:
    """A released CPython of this minor version: this one, one on the path, pyenv's or uv's; None if there is none."""
    wanted = [f"cpython-{version.replace('.', '')}", "final"]
    for candidate in _candidates(version):
        outcome = subprocess.run([candidate, "-S", "-c", _ABOUT], capture_output=True, text=True, check=False)
        about = outcome.stdout.split()
        if outcome.returncode == 0 and about[:2] == wanted:
            return Compiler(path=candidate, tag=about[0], version=about[2])
    return None


def _candidates(version: str) -> Iterator[str]:
    if sys.version.startswith(f"{version}."):
        yield sys.executable
    if found := shutil.which(f"python{version}"):
        yield found
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from (str(path) for path in sorted(pyenv.glob(f"versions/{version}.*/bin/python"), reverse=True))
    if uv := shutil.which("uv"):
        outcome = subprocess.run([uv, "python", "find", version], capture_output=True, text=True, check=False)
        yield from outcome.stdout.split()
