"""The package `acme-tasks`: one type that needs much, one that cannot be loaded; as wheels, with what it requires."""

import base64
import hashlib
import sys
import zipfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from functions.task_types import load_task_types
from infrastructure.task_types import checked

TYPES = '''\
"""The task types of Acme, with what they need."""

from pydantic import BaseModel

from functions.tasks.needs import Allow, Needs, Pool
from functions.tasks.registry import task_type


class Invoice(BaseModel):
    """Which invoice to render."""

    number: int


render = task_type(
    "invoice.render",
    data=Invoice,
    module="acme_tasks.rendering",
    needs=Needs(
        pool=Pool("rendering", timeout_seconds=3, memory_megabytes=1024),
        extra="rendering",
        environment=("INVOICE_BUCKET",),
        secrets=("fonts-api",),
        permissions=(Allow("s3:PutObject", on="arn:{partition}:s3:::{INVOICE_BUCKET}/*"),),
    ),
)
'''
RENDERING = '''\
"""Renders invoices."""

import os

import boto3
import httpx

from acme_tasks.types import Invoice, render
from functions.tasks.model import Task
from functions.tasks.secrets import secret


@render
def run(task: Task, data: Invoice) -> dict[str, object]:
    """Store the invoice as a PDF. The same task stores the same one."""
    key = f"{data.number}.pdf"
    content = f"%PDF by {httpx.__version__}".encode()
    boto3.client("s3").put_object(Bucket=os.environ["INVOICE_BUCKET"], Key=key, Body=content)
    return {"key": key, "font": len(secret("fonts-api")), "httpx": httpx.__version__}
'''
BROKEN = '''\
"""Types that read their configuration when they are imported."""

import os

from functions.tasks.registry import task_type

LIMIT = int(os.environ["ACME_LIMIT"])
'''
HTTPX = "0.28.1"
FILES = {"__init__.py": "", "types.py": TYPES, "rendering.py": RENDERING, "broken.py": BROKEN}
METADATA = f"""\
Metadata-Version: 2.4
Name: acme-tasks
Version: 1.0
Requires-Dist: pydantic>=2
Provides-Extra: rendering
Requires-Dist: httpx=={HTTPX}; extra == "rendering"
"""
ENTRY_POINTS = "[taskline.task_types]\nacme = acme_tasks.types\nacme-broken = acme_tasks.broken\n"


@contextmanager
def forgotten() -> Generator[None]:
    """What this process loads of the package meanwhile is forgotten afterwards: other tests know nothing of it."""
    registry = load_task_types(())  # those that stay: a module registers its types only when it is first loaded
    before, known, broken = set(sys.modules), dict(registry._types), dict(registry.broken)
    try:
        yield
    finally:
        for name in set(sys.modules) - before:
            if name.startswith("acme_tasks"):
                del sys.modules[name]
        registry._types = known
        registry.broken = broken
        checked.base_roots.cache_clear()


def install(site: Path, *, metadata: str = METADATA, entry_points: str = ENTRY_POINTS, **files: str) -> None:
    """Put the package into a folder of packages, as an installer does. `files` replace those of the same stem."""
    package, info = site / "acme_tasks", site / "acme_tasks-1.0.dist-info"
    for folder in (package, info):
        folder.mkdir(parents=True, exist_ok=True)
    for name, text in {**FILES, **{f"{stem}.py": text for stem, text in files.items()}}.items():
        (package / name).write_text(text)
    (info / "METADATA").write_text(metadata)
    (info / "entry_points.txt").write_text(entry_points)
    (info / "RECORD").write_text("".join(f"acme_tasks/{name},,\n" for name in FILES))


def wheel(folder: Path) -> Path:
    """The package as a wheel."""
    files = {f"acme_tasks/{name}": text for name, text in FILES.items()}
    return _wheel(folder, "acme_tasks-1.0", files, METADATA, ENTRY_POINTS)


def httpx(folder: Path, version: str = HTTPX) -> Path:
    """A stand-in for the library, which no test fetches: a wheel with its name, and its version."""
    metadata = f"Metadata-Version: 2.4\nName: httpx\nVersion: {version}\n"
    return _wheel(folder, f"httpx-{version}", {"httpx/__init__.py": f'__version__ = "{version}"\n'}, metadata)


def lock(common: Path, *wheels: Path) -> str:
    """What `make lock-pools` writes: the common packages, and these with their hashes."""
    entries = [common.read_text()]
    for path in wheels:
        name, version, *_ = path.name.split("-")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        entries.append(f"{name}=={version} \\\n    --hash=sha256:{digest}\n")
    return "".join(entries)


def _wheel(folder: Path, stem: str, files: Mapping[str, str], metadata: str, entry_points: str = "") -> Path:
    info = f"{stem}.dist-info"
    held = {**files, f"{info}/METADATA": metadata, f"{info}/entry_points.txt": entry_points}
    held[f"{info}/WHEEL"] = "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    record = "".join(f"{name},sha256={_digest(text)},{len(text.encode())}\n" for name, text in held.items())
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in {**held, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            archive.writestr(name, text)
    return path


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
