"""Every failure says what is wrong and what to do, and leaves nothing that looks like an installation."""

import ast
import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from requirements import install
from tests.install.index import Index
from tests.install.machine import NOWHERE, Machine

SCRIPT = Path(install.__file__)


def run(*arguments: str, before: str = "pass") -> subprocess.CompletedProcess[str]:
    """Runs the script, after a change to the process."""
    script = f"runpy.run_path({str(SCRIPT)!r}, run_name='__main__')"
    program = f"import runpy, sys; sys.argv[1:] = {arguments!r}; {before}; {script}"
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


def test_an_old_python_gets_a_message_with_the_way_out() -> None:
    done = run("laptop", before="sys.version_info = (3, 9, 18)")
    assert done.returncode == 1
    assert "needs Python 3.11 or later" in done.stderr
    assert "is 3.9." in done.stderr
    assert "make run PYTHON=python3.13" in done.stderr


def test_an_old_python_can_parse_the_script() -> None:
    ast.parse(SCRIPT.read_text(), feature_version=(3, 7))


def test_an_unknown_group_gets_a_list_of_the_known_ones() -> None:
    done = run("everything")
    assert done.returncode == 2
    assert "laptop|test|check" in done.stderr


@pytest.mark.parametrize(
    ("written", "remedy"),
    [
        ("write error: No space left on device (os error 28)", "The disk is full"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "hash is not the locked one"),
        ("Hash mismatch for `boto3==1.0`", "hash is not the locked one"),
        ("NewConnectionError: refused\nERROR: No matching distribution found for uv", "cannot be reached"),
        ("error sending request for url\n cause: dns error", "cannot be reached"),
        ("SSLError(SSLCertVerificationError(1, 'CERTIFICATE_VERIFY_FAILED'))", "PIP_CERT"),
        ("ERROR: No matching distribution found for uv==0.13.9", "does not have a locked release"),
        ("No solution found when resolving dependencies", "does not have a locked release"),
        ("something else", "make clean"),
    ],
)
def test_the_output_of_pip_and_uv_decides_what_to_do(written: str, remedy: str) -> None:
    assert remedy in install.remedy(written)


def test_a_full_disk_is_reported(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def full(_group: str) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(install, "install", full)
    assert install.main(["laptop"]) == 1
    assert "The disk is full" in capsys.readouterr().err


# From pip's configuration to uv's.

LISTING = """\
:env:.index-url='http://from.the.environment/simple'
global.cert='/etc/certificate.pem'
global.index-url='http://from.a.file/simple'
global.timeout='60'
install.extra-index-url='\\nhttp://one/simple\\nhttp://two/simple'
install.trusted-host='one'
:env:.find-links=''
"""


def test_an_option_from_the_environment_overrides_one_from_a_file() -> None:
    assert install.pip_options(LISTING) == {
        "index-url": "http://from.the.environment/simple",
        "cert": "/etc/certificate.pem",
        "timeout": "60",
        "extra-index-url": " http://one/simple http://two/simple",
        "trusted-host": "one",
    }


def settings(monkeypatch: pytest.MonkeyPatch, home: Path, **environment: str) -> dict[str, str]:
    monkeypatch.setenv("HOME", str(home))
    return install.uv_settings(install.pip_options(LISTING), environment)


def test_uv_gets_the_settings_of_pip(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert settings(monkeypatch, tmp_path) == {
        "UV_DEFAULT_INDEX": "http://from.the.environment/simple",
        "UV_INDEX": "http://one/simple http://two/simple",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_INSECURE_HOST": "one",
        "SSL_CERT_FILE": "/etc/certificate.pem",
        "UV_HTTP_TIMEOUT": "60",
    }


def test_uvs_own_variables_take_precedence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given = settings(monkeypatch, tmp_path, UV_INDEX_URL="http://uv/simple", SSL_CERT_FILE="/own.pem")
    assert "UV_DEFAULT_INDEX" not in given
    assert "SSL_CERT_FILE" not in given


def test_uvs_own_configuration_takes_precedence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".config" / "uv").mkdir(parents=True)
    (tmp_path / ".config" / "uv" / "uv.toml").write_text('[[index]]\nurl = "http://uv/simple"\n')
    assert settings(monkeypatch, tmp_path).keys() == {"UV_INSECURE_HOST", "SSL_CERT_FILE", "UV_HTTP_TIMEOUT"}


def test_a_missing_folder_of_wheels_is_ignored_as_pip_does(tmp_path: Path) -> None:
    pip = {"find-links": f"{tmp_path} {tmp_path / 'missing'} http://wheels/"}
    assert install.uv_settings(pip, {})["UV_FIND_LINKS"] == f"{tmp_path},http://wheels/"


# With a real index, pip and uv.


def assert_refused(machine: Machine, *parts: str) -> None:
    done = machine.install("laptop")
    assert done.returncode == 1
    assert "Traceback" not in done.stdout
    assert machine.stamped() is None
    for part in ("Taskline could not be installed.", *parts):
        assert part in done.stdout


@pytest.mark.check
def test_an_unreachable_index_is_reported(machine: Machine) -> None:
    machine.index = NOWHERE
    assert_refused(machine, "cannot be reached", "PIP_INDEX_URL", "UV_DEFAULT_INDEX", "HTTPS_PROXY")


@pytest.mark.check
def test_an_index_that_becomes_unreachable_is_reported(machine: Machine, index: Index) -> None:
    def hang_up(path: str) -> None:
        if "boto3" in path:
            raise ConnectionError

    index.before = hang_up
    assert_refused(machine, "cannot be reached", "PIP_INDEX_URL")


def replace_hash(lock: Path, digest: str) -> None:
    assert digest in lock.read_text()
    lock.write_text(lock.read_text().replace(digest, "0" * 64))


@pytest.mark.check
@pytest.mark.parametrize(("lock", "package"), [("uv", "uv"), ("laptop", "boto3")])
def test_a_file_with_another_hash_is_rejected(machine: Machine, index: Index, lock: str, package: str) -> None:
    replace_hash(machine.requirements / f"{lock}.txt", index.shelf.hash_of(package))
    assert_refused(machine, "hash is not the locked one", "Do not work around this")


@pytest.mark.check
@pytest.mark.parametrize(("lock", "line"), [("uv", "uv=="), ("laptop", "boto3==")])
def test_a_release_missing_from_the_index_is_reported(machine: Machine, lock: str, line: str) -> None:
    file = machine.requirements / f"{lock}.txt"
    file.write_text(file.read_text().replace(line, f"{line}8"))
    assert_refused(machine, "does not have a locked release", "mirror")


@pytest.mark.check
def test_a_lock_without_hashes_is_rejected(machine: Machine) -> None:
    lock = machine.requirements / "laptop.txt"
    lock.write_text("boto3==1.0\n")
    assert_refused(machine, "See the lines above")


def test_a_python_without_ensurepip_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Debian and Ubuntu ship it in a separate package."""
    real: Callable[..., Any] = install.find_spec
    monkeypatch.setattr(install, "find_spec", lambda name: None if name == "ensurepip" else real(name))
    with pytest.raises(install.InstallationError, match="apt install python3-venv"):
        install.Installation("laptop", 0).create_environment()
