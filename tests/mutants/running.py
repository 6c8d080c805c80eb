"""Runs mutmut on a copy of the project: what it mutates, with which tests, and the result of each mutant.

Mutmut keeps its settings and results in the folder in which it is started. A copy leaves the project untouched.
"""

import contextlib
import fnmatch
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
MUTATED = "functions/tasks"
LOG = "mutmut.log"
# Runs the functions' files instead of calling them, and fails on the code that mutmut adds.
EXCLUDED_TESTS = ("adapters/test_tracing",)
_ARGUMENTS = (
    *("-o", "addopts=", "--import-mode=importlib", "--strict-markers"),  # in one process: mutmut starts its own
    *("-mnot live", "-pno:cacheprovider", "-ptests.mutants.fast_first"),
    *(f"--ignore=tests/functions/{name}.py" for name in EXCLUDED_TESTS),
)
# A mutant that loops times out after (duration of its tests + 4 s) * 6.
_SETTINGS = """[mutmut]
source_paths = functions
only_mutate = {mutated}/*
also_copy =
    {copied}
pytest_add_cli_args =
    {arguments}
pytest_add_cli_args_test_selection = tests/functions
track_dependencies = false
timeout_constant = 4
timeout_multiplier = 6
"""
_KEY = re.compile(r"(?P<module>.+)\.x(?:ǁ(?P<class>[^ǁ]+)ǁ|_)(?P<function>[^ǁ]+)__mutmut_\d+")


class MutmutError(Exception):
    """Mutmut failed without a result; the message is the end of its output."""


@dataclass(frozen=True, order=True, kw_only=True)
class Mutant:
    """One mistake, identified by what it changes: mutmut's numbers shift whenever the function changes."""

    function: str
    diff: str


@dataclass(frozen=True, kw_only=True)
class Result:
    """A mutant's status, in mutmut's words: `killed`, `timeout`, `survived` and so on."""

    key: str
    path: str
    status: str


def copy_project(to: Path) -> None:
    """Copy the project as it is now, and add mutmut's settings."""
    shutil.copytree(ROOT, to, ignore=shutil.ignore_patterns(".*", "__pycache__"), dirs_exist_ok=True)
    copied = sorted(path.name for path in to.iterdir() if path.name not in ("functions", "setup.cfg"))
    settings = _SETTINGS.format(mutated=MUTATED, copied="\n    ".join(copied), arguments="\n    ".join(_ARGUMENTS))
    (to / "setup.cfg").write_text(settings)


def keys(copy: Path) -> list[str]:
    """Mutmut's names of all mutants; they stay the same as long as the code does."""
    from mutmut.mutation.file_mutation import mutate_file_contents
    from mutmut.utils.format_utils import get_mutant_name

    def of_file(path: Path) -> list[str]:
        names: Sequence[str] = mutate_file_contents(str(path), path.read_text()).mutant_names
        return [get_mutant_name(path, name) for name in names]

    with contextlib.chdir(copy):
        return [key for path in sorted(Path(MUTATED).rglob("*.py")) for key in of_file(path)]


def run(copy: Path, patterns: Sequence[str], processes: int) -> list[Result]:
    """Test the mutants that match one of the patterns, or all mutants if there are no patterns."""
    start = "from mutmut.__main__ import cli; cli()"
    command = [sys.executable, "-c", start, "run", "--max-children", str(processes), *patterns]
    with (copy / LOG).open("w+") as log:
        done = subprocess.run(command, cwd=copy, stdout=log, stderr=subprocess.STDOUT, check=False)
        log.seek(0)
        if done.returncode:
            raise MutmutError(log.read()[-5000:])
    return list(_results(copy, patterns))


def identify(copy: Path, result: Result) -> Mutant:
    """The mutant, without mutmut's number."""
    from mutmut.mutation.diff_apply import get_diff_for_mutant

    named = _KEY.fullmatch(result.key)
    assert named, f"mutmut's naming has changed: {result.key}"
    with contextlib.chdir(copy):
        diff: str = get_diff_for_mutant(result.key, path=result.path)
    parts = [named["module"], *filter(None, [named["class"]]), named["function"]]
    return Mutant(function=".".join(parts), diff=changed_lines(diff.splitlines()))


def changed_lines(diff: Iterable[str]) -> str:
    """The changed lines of a unified diff, without their indentation."""
    changed = [line for line in diff if line[:1] in ("-", "+") and line[:3] not in ("---", "+++")]
    return "\n".join(f"{line[0]} {line[1:].strip()}" for line in changed)


def _results(copy: Path, patterns: Sequence[str]) -> Iterator[Result]:
    from mutmut.stats import status_by_exit_code

    mutants = copy / "mutants"
    for meta in sorted((mutants / MUTATED).rglob("*.meta")):
        path = meta.relative_to(mutants).with_suffix("").as_posix()
        for key, exit_code in json.loads(meta.read_text())["exit_code_by_key"].items():
            if not patterns or any(fnmatch.fnmatchcase(key, pattern) for pattern in patterns):
                yield Result(key=key, path=path, status=status_by_exit_code[exit_code])
