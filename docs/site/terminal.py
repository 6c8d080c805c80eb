"""What commands print on a terminal, as a page that a browser can take a picture of."""

from __future__ import annotations

import io
import os
import pty
import shlex
import subprocess
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

COLUMNS = 110
PAGE = """<!doctype html><meta charset="utf-8">
<style>
  body {{ margin: 0; background: {background}; color: {foreground}; }}
  pre {{ display: inline-block; margin: 0; padding: 16px 20px; font: 14px/1.45 monospace; }}
</style>
<pre>{code}</pre>"""


def page(commands: Iterable[str], folder: Path, variables: Mapping[str, str]) -> str:
    """An HTML document with each command and all it prints, run one after the other in the folder.

    Raises SystemExit with what was printed if a command fails: a picture of an error is none of the command line.
    """
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    for command in commands:
        console.print(Text(f"$ {command}", style="bold"))
        console.print(Text.from_ansi(printed(command, folder, variables)), soft_wrap=True)
        console.print()
    return console.export_html(theme=DIMMED_MONOKAI, code_format=PAGE, inline_styles=True)


def printed(command: str, folder: Path, variables: Mapping[str, str]) -> str:
    """What a command writes to stdout, a terminal for it, and then to stderr, which is none: nothing moves there."""
    ours, its = pty.openpty()
    made = {**os.environ, "COLUMNS": str(COLUMNS), "TERM": "xterm-256color", **variables}
    chunks: list[bytes] = []
    reader = threading.Thread(target=_read, args=(ours, chunks))
    try:
        with subprocess.Popen(
            shlex.split(command), cwd=folder, env=made, stdin=subprocess.DEVNULL, stdout=its, stderr=subprocess.PIPE
        ) as process:
            os.close(its)
            reader.start()
            _, problems = process.communicate()
        reader.join()
    finally:
        os.close(ours)
    text = b"".join(chunks).decode().replace("\r\n", "\n").rstrip()
    if process.returncode:
        raise SystemExit(f"`{command}` ended with {process.returncode}:\n{text}\n{problems.decode()}")
    return "\n".join(filter(None, (text, problems.decode().rstrip())))


def _read(stream: int, chunks: list[bytes]) -> None:
    """Read until the command has closed its end, which a terminal tells by an error."""
    while True:
        try:
            chunk = os.read(stream, 65536)
        except OSError:
            return
        if not chunk:
            return
        chunks.append(chunk)
