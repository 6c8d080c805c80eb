"""Finds a stage: by its address, by its name, in the file of stages, or the laptop edition that runs nearby.

The command line and the console share this. Flags win over the environment, the environment over the file, and the
file over the laptop edition. boto3 is imported only when something asks AWS.
"""

from __future__ import annotations

import json
import os
import threading
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

LAPTOP = "laptop"
API_PATH = "/v1"
EMULATORS_KEY = "test"  # of its root user; what protects the emulator is the secret in its address
URL_VARIABLE = "TASKLINE_URL"
KEY_VARIABLE = "TASKLINE_API_KEY"
FILE_VARIABLE = "TASKLINE_STAGES"
STATE_VARIABLE = "TASKLINE_STATE_DIR"
STATE_FOLDER = ".taskline"
RUNTIME = "runtime.json"
CHECKOUT = Path(__file__).resolve().parents[1]
_ENTRIES = frozenset({"url", "api_key", "sign", "region", "aws_profile", "stack"})


class StageNotFound(Exception):
    """No stage, or not that one. `remedy` says what to do."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


class AccessDenied(Exception):
    """AWS did not let the caller look the stage up, or there are no credentials. `remedy` says what to do."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


@dataclass(frozen=True, kw_only=True)
class Account:
    """How AWS is reached: the caller's own credentials, or the emulator of a laptop edition (`endpoint`).

    boto3 builds clients in one thread at a time, and each client once.
    """

    region: str | None = None
    profile: str | None = None
    endpoint: str | None = None
    _clients: dict[str, Any] = field(default_factory=dict[str, Any], repr=False, compare=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def client(self, service: str) -> Any:
        """The boto3 client of a service, for any thread. `AccessDenied` without boto3, a profile or a region."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._build(service)
            return self._clients[service]

    def session(self) -> Any:
        """A boto3 session. `AccessDenied` if boto3 is not installed, or the profile does not exist."""
        boto3 = _boto3()
        if self.endpoint:
            return _emulators(boto3, self.endpoint, self.region)
        try:
            return boto3.session.Session(profile_name=self.profile, region_name=self.region)
        except Exception as error:  # botocore's, which is imported only here
            raise AccessDenied(f"{error}.", "Name another profile of ~/.aws/config with AWS_PROFILE.") from error

    def _build(self, service: str) -> Any:
        from botocore.config import Config
        from botocore.exceptions import NoRegionError

        settings: Any = Config(inject_host_prefix=not self.endpoint, retries={"total_max_attempts": 4})
        try:
            return self.session().client(service, endpoint_url=_without_secret(self.endpoint), config=settings)
        except NoRegionError as error:
            raise AccessDenied("AWS needs a region.", "Set AWS_REGION to the region of the stack.") from error


@dataclass(frozen=True, kw_only=True)
class StageAddress:
    """A stage, found. `url` is the API's address with its path; `outputs` are the stack's, empty if not known.

    `sign` says that requests are signed with AWS credentials, as operators' are; `found_by` says how it was found.
    """

    name: str
    url: str
    found_by: str
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    account: Account = field(default_factory=Account)
    api_key: str | None = field(default=None, repr=False)
    sign: bool = False

    @property
    def is_laptop(self) -> bool:
        """Whether this is a laptop edition, whose data is nobody's loss."""
        return self.account.endpoint is not None

    @property
    def knows_its_stack(self) -> bool:
        """Whether the stack's outputs are known, so that its resources can be looked at."""
        return bool(self.outputs)


@dataclass(frozen=True, kw_only=True)
class Search:
    """What a search may use. `account` makes the access to AWS; tests pass their own."""

    environ: Mapping[str, str]
    folder: Path
    account: Callable[..., Account] = Account

    @classmethod
    def here(cls) -> Search:
        """With this process's environment, from the current folder."""
        return cls(environ=os.environ, folder=Path.cwd())

    def find(self, *, url: str | None = None, stage: str | None = None) -> StageAddress:
        """The stage of that address or name, or else the one that environment, file or laptop edition name.

        `StageNotFound` if there is none, `AccessDenied` if AWS does not let the caller look.
        """
        if url:
            return self._by_url(url, "--url")
        if stage:
            return self._by_name(stage, f"--stage {stage}")
        if given := self.environ.get(URL_VARIABLE):
            return self._by_url(given, URL_VARIABLE)
        file = self.file()
        if file.default:
            return self._by_name(file.default, f"the default in {file.path}")
        return self._laptop()

    def file(self) -> StagesFile:
        """The file of stages; empty if there is none. `StageNotFound` if it cannot be used."""
        given = self.environ.get(FILE_VARIABLE)
        home = self.environ.get("XDG_CONFIG_HOME") or f"{self.environ.get('HOME', '~')}/.config"
        return read_file(Path(given or f"{home}/taskline/stages.toml").expanduser())

    def _by_url(self, url: str, found_by: str) -> StageAddress:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise StageNotFound(
                f"{url!r} is not the address of an API.",
                "Name it with its scheme and its path, for example https://abc.execute-api.eu-west-1.amazonaws.com/v1.",
            )
        address = f"{url.rstrip('/')}{API_PATH if parts.path in ('', '/') else ''}"
        running = next((one for one in self._running() if one.url == address), None)
        if running:
            return running
        return StageAddress(name=parts.netloc, url=address, found_by=found_by, api_key=self._key())

    def _by_name(self, name: str, found_by: str) -> StageAddress:
        entry = self.file().stages.get(name, {})
        if name == LAPTOP and not entry:
            return self._laptop()
        # boto3 itself reads only AWS_DEFAULT_REGION, other than AWS's own command line and all its other SDKs.
        region = entry.get("region") or self.environ.get("AWS_REGION")
        account = self.account(region=region, profile=entry.get("aws_profile"))
        key = self._key() or entry.get("api_key")
        if url := entry.get("url"):
            sign = bool(entry.get("sign", False))
            return StageAddress(
                name=name, url=url.rstrip("/"), found_by=found_by, account=account, api_key=key, sign=sign
            )
        outputs = published(account, entry.get("stack", name))
        sign = bool(entry.get("sign", True))
        url = str(outputs["api_url"]).rstrip("/")
        return StageAddress(
            name=name, url=url, found_by=found_by, outputs=outputs, account=account, api_key=key, sign=sign
        )

    def _laptop(self) -> StageAddress:
        for one in self._running():
            return one
        raise StageNotFound(
            "No stage is named, and no laptop edition runs here.",
            f"Start one with `taskline local`, or name a stage with --stage, --url or {URL_VARIABLE}.",
        )

    def _running(self) -> Iterable[StageAddress]:
        """The laptop editions that run: of the state folder that is set, of the folders above, of this checkout."""
        given = self.environ.get(STATE_VARIABLE)
        states = [Path(given).expanduser()] if given else []
        states += [folder / STATE_FOLDER for folder in (self.folder, *self.folder.parents, CHECKOUT)]
        for state in states:
            if runtime := _read(state / RUNTIME):
                yield self._from_runtime(runtime, state / RUNTIME)

    def _from_runtime(self, runtime: Mapping[str, Any], file: Path) -> StageAddress:
        account = self.account(region=runtime.get("region"), endpoint=runtime.get("endpoint"))
        outputs = cast("Mapping[str, Any]", runtime.get("outputs", {}))
        url = f"{str(runtime['url']).rstrip('/')}{API_PATH}"
        return StageAddress(
            name=LAPTOP, url=url, found_by=str(file), outputs=outputs, account=account, api_key=self._key()
        )

    def _key(self) -> str | None:
        return self.environ.get(KEY_VARIABLE) or None


@dataclass(frozen=True, kw_only=True)
class StagesFile:
    """`~/.config/taskline/stages.toml`: stages by name, and which of them is meant without a name."""

    path: Path
    stages: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    default: str | None = None

    def is_readable_by_others(self) -> bool:
        """Whether others on this machine can read keys in it."""
        holds_keys = any("api_key" in entry for entry in self.stages.values())
        return holds_keys and bool(self.path.stat().st_mode & 0o077)


def read_file(path: Path) -> StagesFile:
    """Read the file of stages. `StageNotFound` if it is not TOML, or has an entry that does not exist."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return StagesFile(path=path)
    except (OSError, ValueError) as error:
        raise StageNotFound(f"{path} cannot be read: {error}.", "Correct the file, or remove it.") from error
    stages = cast("dict[str, dict[str, Any]]", document.get("stages", {}))
    for name, entry in stages.items():
        if unknown := sorted(entry.keys() - _ENTRIES):
            known = ", ".join(sorted(_ENTRIES))
            raise StageNotFound(f"{path}: stage {name} has {', '.join(unknown)}.", f"A stage may have {known}.")
    return StagesFile(path=path, stages=stages, default=document.get("default"))


def published(account: Account, stack: str) -> dict[str, Any]:
    """The outputs that a stack publishes as SSM parameters, by name. `StageNotFound` if there are none."""
    path = f"/taskline/{stack}/"
    client = account.client("ssm")
    outputs: dict[str, Any] = {}
    try:
        for page in client.get_paginator("get_parameters_by_path").paginate(Path=path):
            for parameter in page["Parameters"]:
                outputs[parameter["Name"].removeprefix(path)] = _value(parameter["Value"])
    except Exception as error:  # botocore's, which is imported only where it is used
        raise AccessDenied(
            f"AWS did not list the parameters {path}: {error}",
            "Check `aws sts get-caller-identity`, AWS_PROFILE and AWS_REGION; it takes ssm:GetParametersByPath.",
        ) from error
    if "api_url" not in outputs:
        where = client.meta.region_name
        raise StageNotFound(
            f"There is no stage {stack} in {where}: no parameter {path}api_url.",
            "Check its name, AWS_REGION and AWS_PROFILE, or deploy it with `pulumi up`.",
        )
    return outputs


def _value(text: str) -> Any:
    """Objects and lists are published as JSON, texts as they are."""
    if not text.startswith(("{", "[")):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _read(file: Path) -> Mapping[str, Any] | None:
    """What a running laptop edition wrote; None if none runs there."""
    try:
        runtime: Any = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return cast("Mapping[str, Any]", runtime) if isinstance(runtime, dict) and "url" in runtime else None


def _emulators(boto3: Any, endpoint: str, region: str | None) -> Any:
    """A session whose clients the emulator admits: its address holds the secret of its start."""
    import botocore.session

    inner: Any = botocore.session.Session()
    inner.set_config_variable("user_agent_appid", urlsplit(endpoint).username)
    return boto3.session.Session(
        aws_access_key_id=EMULATORS_KEY,
        aws_secret_access_key=EMULATORS_KEY,
        region_name=region,
        botocore_session=inner,
    )


def _without_secret(endpoint: str | None) -> str | None:
    """The plain address of the emulator; None for AWS, whose addresses boto3 knows."""
    if endpoint is None:
        return None
    parts = urlsplit(endpoint)
    return f"{parts.scheme}://{parts.hostname}:{parts.port}"


def _boto3() -> Any:
    try:
        import boto3
    except ModuleNotFoundError as error:
        raise AccessDenied(
            "boto3 is not installed, and without it AWS cannot be asked.", "Run `pip install 'taskline[aws]'`."
        ) from error
    return boto3
