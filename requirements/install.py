"""Install a locked group of packages into .venv: `python3 requirements/install.py laptop`, or `test`, or `check`.

Nothing is resolved. Python's own pip installs one package, uv, from `uv.txt`; uv then installs exactly what the
group's lock lists and removes everything else. The command `taskline` is added last, offline, from the package
`taskline/` of this checkout: its changes take effect at once. Then a stamp is written. With a matching stamp a call
does nothing; without one the next call starts from scratch, whatever interrupted this one.

Standard library only. Python 3.6 can still parse it, so that an old Python gets a message and not a syntax error.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import pty
import re
import subprocess
import sys
import termios
from collections.abc import Callable, Generator, Mapping
from importlib.util import find_spec
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - this is where an older Python learns about it
    sys.exit(
        "Taskline needs Python 3.11 or later, but {} is {}.{}. Install a newer one (for example "
        "`apt install python3.11` or `brew install python@3.13`) and name it: `make run PYTHON=python3.13`.".format(
            sys.executable, *sys.version_info[:2]
        )
    )

LOCKS = Path(__file__).resolve().parent
ROOT = LOCKS.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = VENV / "bin" / "uv"
STAMP = VENV / "installed.json"
PROJECT = ROOT / "pyproject.toml"
VERSION = "{}.{}".format(*sys.version_info[:2])
SITE = VENV / "lib" / f"python{VERSION}" / "site-packages"

GROUPS = {"laptop": "laptop edition", "test": "test tools", "check": "development tools"}  # each includes the previous
APART = ("checkov", "oldest-pips")  # installed with `check`, into folders of their own
SUPPORTED = ("3.11", "3.12", "3.13", "3.14")  # the tests install with the oldest pip that each of them bundles

# What a start imports is compiled here, on all cores, and not module by module during the first start. Compiling all
# of pulumi_aws, 3,000 modules of which a start imports 250, would add 170 MB.
IMPORTED_BY_A_START = (
    *("aiohttp", "attr", "boto3", "botocore", "dateutil", "grpc", "h11", "h2", "hpack", "hypercorn", "jmespath"),
    *("click", "httpcore", "httpx", "rich", "typer"),  # by the command `taskline`
    *("jsonata", "ministack", "psutil", "pulumi", "pydantic", "s3transfer", "urllib3", "wsproto", "yaml", "yarl"),
    *("pulumi_aws/apigateway", "pulumi_aws/cloudwatch", "pulumi_aws/dynamodb", "pulumi_aws/iam"),
    *("pulumi_aws/lambda_", "pulumi_aws/pipes", "pulumi_aws/sfn", "pulumi_aws/sns", "pulumi_aws/sqs"),
)
SOURCES = ("asl", "functions", "infrastructure", "local", "statemachine", "taskline")

# Meant for other projects, these would install elsewhere or skip the hashes.
IGNORED_VARIABLES = (
    *("PIP_CONSTRAINT", "PIP_PREFIX", "PIP_TARGET", "PIP_USER"),
    *("UV_CONSTRAINT", "UV_NO_VERIFY_HASHES", "UV_PYTHON", "UV_SYSTEM_PYTHON"),
)
# uv does not read pip's configuration. Per pip option: uv's variable, the separator of several values, and other
# variables with the same effect on uv.
PIP_TO_UV = (
    ("index-url", "UV_DEFAULT_INDEX", " ", ("UV_INDEX_URL",)),
    ("extra-index-url", "UV_INDEX", " ", ("UV_EXTRA_INDEX_URL",)),
    ("find-links", "UV_FIND_LINKS", ",", ()),
    ("trusted-host", "UV_INSECURE_HOST", " ", ()),
    ("cert", "SSL_CERT_FILE", " ", ()),
    ("proxy", "ALL_PROXY", " ", ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "all_proxy")),
    ("timeout", "UV_HTTP_TIMEOUT", " ", ()),
    ("default-timeout", "UV_HTTP_TIMEOUT", " ", ()),
)

REMEDIES = {  # the first pattern found in the output of pip or uv decides
    "No space left on device": "The disk is full. The laptop edition takes 400 MB, the development tools 1.2 GB.",
    "DO NOT MATCH THE HASHES|[Hh]ash mismatch": (
        "The package index serves a file whose hash is not the locked one. Do not work around this: find out whether "
        "the index or a proxy replaced the file."
    ),
    "NewConnectionError|ConnectTimeout|ReadTimeout|ProxyError|SSLError|CERTIFICATE_VERIFY_FAILED|Connection refused"
    "|error sending request|dns error|[Tt]imed? ?out|Failed to fetch|invalid peer certificate": (
        "The package index cannot be reached. Check the network and the proxy (HTTPS_PROXY). To use a mirror, set "
        "PIP_INDEX_URL or pip's configuration, or UV_DEFAULT_INDEX for uv alone; for a certificate, PIP_CERT."
    ),
    "No matching distribution|No solution found": (
        "The package index does not have a locked release, or does not respond. A mirror may be out of date: set "
        "PIP_INDEX_URL to another index, or UV_DEFAULT_INDEX for uv alone."
    ),
}


class InstallationError(Exception):
    """A step failed. The message says what to do."""


def main(arguments: list[str]) -> int:
    """Install the group and return the exit code. Every failure is one message that says what to do."""
    if len(arguments) != 1 or arguments[0] not in GROUPS:
        print("Usage: python3 requirements/install.py {}".format("|".join(GROUPS)), file=sys.stderr)
        return 2
    try:
        install(arguments[0])
    except InstallationError as error:
        print(f"Taskline could not be installed. {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"Taskline could not be installed. {error}. {remedy(str(error))}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted. The next call starts the installation from scratch.", file=sys.stderr)
        return 130
    return 0


def install(group: str) -> None:
    """Bring .venv up to the group's lock. A larger group that is installed stays, and follows its own lock."""
    if _is_installed(group):
        return
    with _lock() as lock:
        if _is_installed(group):  # by the call that held the lock
            return
        present = _usable_stamp()
        wanted = max(group, present.get("group", group), key=list(GROUPS).index)
        Installation(wanted, lock).run(from_scratch=not present)


def _is_installed(group: str) -> bool:
    present = _usable_stamp()
    sufficient = list(GROUPS)[list(GROUPS).index(group) :]
    return present.get("group") in sufficient and present == _stamp(present["group"])


def _stamp(group: str) -> dict[str, str]:
    """The stamp of an up-to-date environment."""
    locks = (group, *(APART if group == "check" else ()))
    return {
        "group": group,
        "project": _project(),
        "lock": hashlib.sha256(b"\0".join((LOCKS / f"{lock}.txt").read_bytes() for lock in locks)).hexdigest(),
        "python": VERSION,
        "executable": os.path.realpath(PYTHON),  # the link stays the same when the system upgrades its Python
        "folder": str(VENV),  # scripts contain it, so a moved project needs a new environment
    }


def _project() -> str:
    """A digest of what decides how the package `taskline` is installed: its version, its commands, how it is built."""
    import tomllib  # here, because an older Python that reads this file has none

    document = tomllib.loads(PROJECT.read_text(encoding="utf-8"))
    parts = (document["project"], document["build-system"], document["tool"]["uv"])
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _usable_stamp() -> dict[str, str]:
    """The stamp of an environment that can be updated, up to date or not; empty if there is none."""
    try:
        present = json.loads(STAMP.read_text())
        expected = _stamp(present["group"])
    except (OSError, ValueError, LookupError, TypeError):
        return {}
    same = all(present.get(name) == expected[name] for name in ("python", "executable", "folder"))
    return present if same and os.access(PYTHON, os.X_OK) else {}


@contextlib.contextmanager
def _lock() -> "Generator[int]":
    """Let one installation run at a time.

    Child processes inherit the descriptor. If this process is killed, its pip or uv keeps the lock until it ends.
    """
    with Path(__file__).open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("Another installation is running. Waiting for it ...")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


class Installation:
    """One installation of one group."""

    def __init__(self, group: str, lock: int) -> None:
        self.group = group
        self.lock = lock
        self.environment = {name: value for name, value in os.environ.items() if name not in IGNORED_VARIABLES}

    def run(self, *, from_scratch: bool) -> None:
        """Run all steps, then write the stamp."""
        steps: list[tuple[str, Callable[[], object]]] = []
        if from_scratch:
            if VENV.exists():
                _say("Replacing .venv: it is incomplete, or was created by another Python or in another folder.")
            steps += [("virtual environment", self.create_environment), ("uv", self.install_uv)]
        steps += [("packages", self.install_packages), ("bytecode", self.compile), ("command", self.install_command)]
        if self.group == "check":
            steps += [("checkov", self.install_checkov), ("oldest pips", self.install_oldest_pips)]
        STAMP.unlink(missing_ok=True)
        for number, (name, step) in enumerate(steps, 1):
            _say(f"Installing Taskline's {GROUPS[self.group]} into .venv ({number} of {len(steps)}: {name}) ...")
            step()
        partial = STAMP.with_suffix(".partial")
        partial.write_text(json.dumps(_stamp(self.group), indent=2) + "\n")
        partial.replace(STAMP)

    def create_environment(self) -> None:
        """Create an empty environment, with the pip that this Python bundles."""
        if not (find_spec("venv") and find_spec("ensurepip")):
            raise InstallationError(
                "This Python has no `venv` or no `ensurepip`. On Debian and Ubuntu, run `apt install python3-venv` "
                f"(or `python{VERSION}-venv`)."
            )
        # Not sys.executable: with .venv activated that is the Python of the environment that is being replaced.
        python: str = getattr(sys, "_base_executable", sys.executable)
        self.call(python, "-I", "-m", "venv", "--clear", str(VENV))

    def install_uv(self) -> None:
        """Install the only package that pip installs."""
        only_this = ("--no-deps", "--require-hashes", "--only-binary=:all:", "--no-compile")
        self.pip("install", *only_this, *_verbosity(), f"--requirement={LOCKS / 'uv.txt'}")

    def install_packages(self) -> None:
        """Install the lock as it is: `sync` does not follow dependencies."""
        listing = self.pip("config", "list", show=False)
        self.environment.update(uv_settings(pip_options(listing), self.environment))
        self.sync(self.group)
        if sys.version_info < (3, 12):  # bundled with pip there, and `sync` leaves it alone
            self.uv("uninstall", "setuptools")

    def compile(self) -> None:
        """Write the bytecode. It only saves time: a file that does not compile is not an error."""
        paths = [*(SITE / name for name in IMPORTED_BY_A_START), *SITE.glob("pulumi_aws/*.py")]
        paths += [ROOT / name for name in SOURCES]
        command = [str(PYTHON), "-I", "-m", "compileall", "-q", "-j", "0", *map(str, paths)]
        silent = subprocess.DEVNULL
        subprocess.run(command, check=False, stdout=silent, stderr=silent, pass_fds=[self.lock])

    def install_command(self) -> None:
        """Install the command `taskline`: uv builds with the backend that it contains, and downloads nothing.

        An editable installation puts the whole checkout on the path of this environment. Then the functions of the
        laptop edition could import what is not deployed with them; so only the package itself is linked to.
        """
        self.uv("install", "--offline", "--no-deps", f"--editable={ROOT}")
        (SITE / "taskline.pth").unlink()
        link = SITE / "taskline"
        link.unlink(missing_ok=True)
        link.symlink_to(ROOT / "taskline")

    def install_checkov(self) -> None:
        """Install checkov, which pins an old boto3, into a folder that only its own test looks into."""
        self.sync("checkov", f"--target={VENV / 'checkov'}")

    def install_oldest_pips(self) -> None:
        """Install the oldest pips, one folder per Python version, for the tests of this script."""
        for version in SUPPORTED:
            target = (f"--python-version={version}", f"--target={VENV / 'oldest-pips' / version}")
            lock = f"--requirement={LOCKS / 'oldest-pips.txt'}"
            self.uv("install", "--no-deps", "--require-hashes", *target, lock)

    def sync(self, lock: str, *options: str) -> None:
        """Make an environment, or the folder that an option names, hold what the lock lists and nothing else."""
        # Build nothing where that is possible: awslambdaric has wheels for Linux only.
        wheels = ["--only-binary=:all:"] if sys.platform == "linux" else []
        self.uv("sync", "--require-hashes", *wheels, *options, str(LOCKS / f"{lock}.txt"))

    def pip(self, command: str, *arguments: str, show: bool = True) -> str:
        return self.call(str(PYTHON), "-I", "-m", "pip", command, "--disable-pip-version-check", *arguments, show=show)

    def uv(self, command: str, *arguments: str) -> None:
        self.call(str(UV), "pip", command, *_verbosity(), f"--python={PYTHON}", *arguments)

    def call(self, *command: str, show: bool = True) -> str:
        """Run a command and return its output. On a terminal the command runs on one, too, and shows its progress."""
        on_terminal = show and sys.stderr.isatty()
        reader, writer = pty.openpty() if on_terminal else os.pipe()
        if on_terminal:
            termios.tcsetwinsize(writer, termios.tcgetwinsize(sys.stderr))
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=writer, stderr=writer, env=self.environment, pass_fds=[self.lock]
        )
        os.close(writer)
        try:
            output = _read(reader, show)
            status = process.wait()
        except BaseException:
            process.terminate()
            process.wait()
            raise
        finally:
            os.close(reader)
        if status:
            raise InstallationError(f"{remedy(output)}\nThe command that failed: {' '.join(command)}")
        return output


def _read(reader: int, show: bool) -> str:
    """Read to the end; `show` copies everything to stderr as it arrives."""
    output = b""
    while True:
        try:
            chunk = os.read(reader, 65536)
        except OSError:  # a terminal reports its end this way
            chunk = b""
        if not chunk:
            return output.decode(errors="replace")
        output += chunk
        if show:
            sys.stderr.buffer.write(chunk)
            sys.stderr.flush()


def pip_options(listing: str) -> dict[str, str]:
    """Parse `pip config list`. Later sections win, as they do in pip; empty values are ignored, as they are by pip."""
    options: dict[str, str] = {}
    for section in ("global", "install", ":env:"):
        for name, _, value in re.findall(rf"^{section}\.([\w-]+)=(['\"])(.*)\2$", listing, re.MULTILINE):
            options |= {name: value.replace("\\n", " ")} if value else {}
    return options


def uv_settings(pip: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """The variables of uv that correspond to pip's options. uv's own settings take precedence."""
    settings: dict[str, str] = {}
    for option, variable, separator, others in PIP_TO_UV:
        if option in pip and not any(environment.get(name) for name in (variable, *others)):
            values = [value for value in pip[option].split() if option != "find-links" or _exists(value)]
            settings[variable] = separator.join(values)
    if _configures_an_index(environment):
        settings = {name: value for name, value in settings.items() if "INDEX" not in name}
    elif "UV_INDEX" in settings:
        settings["UV_INDEX_STRATEGY"] = "unsafe-best-match"  # what pip does; the hashes make it safe
    return {name: value for name, value in settings.items() if value}


def _exists(location: str) -> bool:
    """pip ignores a folder of wheels that does not exist; uv fails."""
    return "://" in location or Path(location).is_dir()


def _configures_an_index(environment: Mapping[str, str]) -> bool:
    """Whether uv's own configuration, the user's or the system's, names a package index."""
    home = environment.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    files = [environment.get("UV_CONFIG_FILE") or f"{home}/uv/uv.toml", "/etc/uv/uv.toml"]
    return any("index" in Path(file).read_text() for file in files if Path(file).is_file())


def _verbosity() -> list[str]:
    """Progress bars on a terminal; only errors in a log."""
    return [] if sys.stderr.isatty() else ["--quiet"]


def remedy(output: str) -> str:
    """What to do about a failure, from the output of pip or uv."""
    for pattern, text in REMEDIES.items():
        if re.search(pattern, output):
            return text
    return "See the lines above. If they do not help, run `make clean` and try again."


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
