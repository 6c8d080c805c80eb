"""What the provisioner does not know is an error that names it; what it knows, it keeps in the declared state."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any, cast

import pulumi
import pytest
from pulumi.runtime import MockCallArgs, MockResourceArgs

from local.emulator.clients import Clients
from local.host.errors import LaptopError
from local.program.manifest import Entry, Manifest
from local.program.monitor import Provisioner
from local.program.registry import HANDLERS
from local.program.resources.functions import packages
from local.program.resources.handler import Inputs, ProvisionedResource, ProvisioningContext, ResourceHandler
from local.program.resources.policies import over_loopback, trusting_the_laptop

CONTEXT = ProvisioningContext(
    clients=cast("Clients", None), account="000000000000", region="us-east-1", public_url="http://127.0.0.1:4000"
)


class Shelf:
    """A resource type that keeps its resources in a dict."""

    def __init__(self) -> None:
        self.made: dict[str, Inputs] = {}
        self.handler = ResourceHandler(
            type="demo:index/thing:Thing",
            applies=frozenset({"name", "size", "nested.inner", "free"}),
            ensure=self._ensure,
            remove=self._remove,
            ignores={"colour": "it has no effect"},
        )

    def _remove(self, _context: ProvisioningContext, key: str) -> None:
        self.made.pop(key, None)

    def _ensure(self, _context: ProvisioningContext, inputs: Inputs) -> ProvisionedResource:
        self.made[inputs["name"]] = inputs
        return ProvisionedResource(f"id-{inputs['name']}", {"arn": "an-arn"}, key=inputs["name"])


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def provisioner(shelf: Shelf, path: Path) -> Provisioner:
    return Provisioner(CONTEXT, Manifest(path), {shelf.handler.type: shelf.handler})


def resource(name: str = "one", kind: str = "demo:index/thing:Thing", **inputs: Any) -> MockResourceArgs:
    return MockResourceArgs(kind, name, inputs, custom=True)


def test_an_unknown_resource_type_is_an_error_that_names_it(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(LaptopError, match=r"aws:s3/bucket:Bucket \(resource `files`\)"):
        provisioner(shelf, tmp_path / "m").new_resource(resource("files", "aws:s3/bucket:Bucket"))


@pytest.mark.parametrize(
    ("inputs", "path"),
    [
        ({"weight": 1}, "weight"),
        ({"nested": {"inner": 1, "other": 2}}, "nested.other"),
        ({"nested": [{"inner": 1}, {"other": 2}]}, "nested.other"),
        ({"nested": "flat"}, "nested"),
    ],
)
def test_an_unknown_property_is_an_error_that_names_it(
    shelf: Shelf, tmp_path: Path, inputs: dict[str, Any], path: str
) -> None:
    with pytest.raises(LaptopError, match=rf"`{path}` of demo:index/thing:Thing \(resource `one`\)"):
        provisioner(shelf, tmp_path / "m").new_resource(resource(**inputs))
    assert shelf.made == {}, "no resource is created"


def test_known_properties_arrive_plain_and_ignored_ones_are_accepted(shelf: Shelf, tmp_path: Path) -> None:
    inputs: dict[str, Any] = {
        "size": 30.0,
        "nested": {"inner": 1.5},
        "colour": "red",
        "free": {"any": {"thing": 1}},
        "tags": {"a": "b"},
    }
    made_id, outputs = provisioner(shelf, tmp_path / "m").new_resource(resource(**inputs))
    assert (made_id, outputs["arn"], outputs["size"]) == ("id-one", "an-arn", 30)
    assert isinstance(shelf.made["one"]["size"], int), "protobuf's floats are ints again"


def test_a_component_creates_no_resource_and_an_import_is_rejected(shelf: Shelf, tmp_path: Path) -> None:
    one = provisioner(shelf, tmp_path / "m")
    component = MockResourceArgs("taskline:x:Y", "component", {}, custom=False)
    assert one.new_resource(component) == ("component", {})
    existing = MockResourceArgs("demo:index/thing:Thing", "old", {}, resource_id="i-1", custom=True)
    with pytest.raises(LaptopError, match="read or imported"):
        one.new_resource(existing)


def test_a_resource_that_left_the_program_is_removed_newest_first(shelf: Shelf, tmp_path: Path) -> None:
    first = provisioner(shelf, tmp_path / "m")
    for name in ("one", "two"):
        first.new_resource(resource(name))
    assert first.finish() == 0
    second = provisioner(shelf, tmp_path / "m")
    second.new_resource(resource("two"))
    assert second.finish() == 1
    assert list(shelf.made) == ["two"]


def test_a_failed_run_keeps_all_entries(tmp_path: Path) -> None:
    before = Manifest(tmp_path / "m")
    before.record(Entry("t", "old"))
    before.finish(lambda _entry: None)
    failed = Manifest(tmp_path / "m")
    failed.record(Entry("t", "new"))
    failed.save_partial()
    removed: list[Entry] = []
    Manifest(tmp_path / "m").finish(removed.append)
    assert removed == [Entry("t", "new"), Entry("t", "old")]


def test_provider_functions_return_region_and_partition(shelf: Shelf, tmp_path: Path) -> None:
    one = provisioner(shelf, tmp_path / "m")
    region, _ = one.call(MockCallArgs("aws:index/getRegion:getRegion", {}, ""))
    partition, _ = one.call(MockCallArgs("aws:index/getPartition:getPartition", {}, ""))
    assert (region["region"], partition["partition"]) == ("us-east-1", "aws")
    with pytest.raises(LaptopError, match="getAmi"):
        one.call(MockCallArgs("aws:ec2/getAmi:getAmi", {}, ""))


def test_every_ignored_property_has_a_reason() -> None:
    for handler in HANDLERS.values():
        assert all(handler.ignores.values()), handler.type
        assert not handler.applies & set(handler.ignores), handler.type


def test_a_policy_loses_only_what_would_lock_the_laptop_out() -> None:
    allow = {"Effect": "Allow", "Principal": "*", "Action": "sqs:*"}
    refuse = {"Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    kept = over_loopback(json.dumps({"Version": "2012-10-17", "Statement": [allow, refuse]}))
    assert json.loads(kept) == {"Version": "2012-10-17", "Statement": [allow]}
    assert over_loopback(json.dumps({"Statement": [refuse]})) == ""


def test_a_trust_policy_keeps_its_principals_and_other_conditions() -> None:
    conditions = {
        "StringEquals": {"aws:SourceAccount": "1", "sts:ExternalId": "x"},
        "ArnEquals": {"aws:SourceArn": "arn"},
    }
    service = {"Effect": "Allow", "Principal": {"Service": "pipes.amazonaws.com"}, "Condition": conditions}
    person = {"Effect": "Allow", "Principal": {"AWS": "1"}, "Condition": conditions}
    trusted = json.loads(trusting_the_laptop(json.dumps({"Statement": [service, person]})))["Statement"]
    assert trusted[0]["Condition"] == {"StringEquals": {"sts:ExternalId": "x"}}
    assert trusted[1] == person


def test_a_function_package_is_reproducible_and_has_an_executable_bootstrap(tmp_path: Path) -> None:
    (tmp_path / "functions" / "__pycache__").mkdir(parents=True)
    (tmp_path / "functions" / "a.py").write_text("A = 1\n", encoding="utf-8")
    (tmp_path / "functions" / "__pycache__" / "a.pyc").write_bytes(b"no")
    code = packages.package(pulumi.FileArchive(str(tmp_path)), "f")
    assert code == packages.package(pulumi.FileArchive(str(tmp_path)), "f")
    with zipfile.ZipFile(io.BytesIO(code)) as archive:
        assert archive.namelist() == ["functions/a.py", "bootstrap"]
        assert archive.getinfo("bootstrap").external_attr >> 16 == 0o755
        assert b"forwarder.py" in archive.read("bootstrap")
    with pytest.raises(LaptopError, match="does not exist"):
        packages.package(pulumi.FileArchive(str(tmp_path / "none")), "f")
    with pytest.raises(LaptopError, match="NoneType"):
        packages.package(None, "f")
