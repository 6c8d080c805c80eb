"""The program's own resources on the emulator, without the pipe: the tests start the executions themselves."""

from collections.abc import Iterator

import pytest

from infrastructure.blocks.location import Location
from local.deploy import Deployment, Services, headless
from local.host.state_dir import StateDir
from local.services.states.service import ExpressService
from tests.workflow.engines import EmulatorEngine, LaptopEngine
from tests.workflow.machine import Bench


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Deployment, Services]]:
    """The deployed stack and its services, once for all tests of this folder."""
    with headless(StateDir(tmp_path_factory.mktemp("workflow"))) as running:
        yield running


@pytest.fixture(scope="module", autouse=True)
def no_lookup_is_remembered() -> Iterator[None]:
    """Changes by a test take effect immediately."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("local.emulator.remembered.GOOD_SECONDS", 0.0)
        yield


@pytest.fixture(scope="session")
def deployment(stack: tuple[Deployment, Services]) -> Deployment:
    return stack[0]


@pytest.fixture(scope="session")
def location(deployment: Deployment) -> Location:
    context = deployment.context
    return Location(partition="aws", region=context.region, account=context.account, prefix="taskline-dev")


@pytest.fixture(scope="session")
def express(stack: tuple[Deployment, Services]) -> ExpressService:
    """The laptop edition's engine for all pipes."""
    return stack[1].express


@pytest.fixture(scope="session")
def bench(deployment: Deployment, location: Location, express: ExpressService) -> Bench:
    """The shipped machine on the laptop's engine."""
    clients = deployment.context.clients
    return Bench(clients, deployment.outputs, LaptopEngine(clients, location, express))


@pytest.fixture(scope="session")
def oracle(deployment: Deployment) -> Bench:
    """The shipped machine on the emulator's engine."""
    clients = deployment.context.clients
    return Bench(clients, deployment.outputs, EmulatorEngine(clients))
