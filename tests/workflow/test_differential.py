"""The laptop's engine against the emulator's: machines that both support end alike; known differences are listed."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from infrastructure.blocks.iam import allow, document
from infrastructure.blocks.location import Location
from local.deploy import Deployment
from local.services.states.service import ExpressService
from tests.workflow.engines import EmulatorEngine, Execution, LaptopEngine, make_machine, make_role
from tests.workflow.machine import Bench
from tests.workflow.scenarios import SCENARIOS, Scenario, path
from tests.workflow.small_machines import ALIKE, ITEM, KNOWN, TABLE, Difference, Small

# The emulator draws no jitter: it waits the full 1, 2 and 4 s, for paths that other scenarios cover without waiting.
# Its engine waits for capacity itself, until the task times out, and knows no `TooManyRequestsException`.
NOT_COMPARED = {
    "lease lost before failure",
    "processor throttled for a moment",
    "processor throttled until no time is left for a retry",
    "processor throttled for too long",
}


class Pair:
    """Both engines, with a table, a queue and a role for small machines."""

    def __init__(self, deployment: Deployment, location: Location, express: ExpressService) -> None:
        clients = deployment.context.clients
        self._sfn = clients.stepfunctions
        self._queue = clients.sqs.create_queue(QueueName=f"{TABLE}.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
        clients.dynamodb.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        )
        clients.get("dynamodb").put_item(TableName=TABLE, Item=ITEM)
        policy = document(allow("CallAll", ["dynamodb:*", "lambda:*", "sqs:*"], "*"))
        self._role = make_role(clients, location, "small-machines", policy)
        self._ours = LaptopEngine(clients, location, express)
        self._theirs = EmulatorEngine(clients)

    def run(self, small: Small) -> tuple[Execution, Execution]:
        """How the laptop's and the emulator's engine end."""
        text = json.dumps(small.definition).replace("${Queue}", self._queue)
        arn = make_machine(self._sfn, self._role, json.loads(text))
        event = json.dumps(small.value)
        with ThreadPoolExecutor() as together:
            ours, theirs = (
                together.submit(engine.run, arn, None, event, str(uuid.uuid4()))
                for engine in (self._ours, self._theirs)
            )
            return ours.result(), theirs.result()


@pytest.fixture(scope="module")
def pair(deployment: Deployment, location: Location, express: ExpressService) -> Pair:
    return Pair(deployment, location, express)


def ending(execution: Execution) -> tuple[Any, ...]:
    return execution.status, execution.output, execution.error


@pytest.mark.parametrize("small", ALIKE, ids=lambda small: small.name)
def test_small_machines_end_alike(pair: Pair, small: Small) -> None:
    ours, theirs = pair.run(small)
    assert ending(ours) == ending(theirs), (ours, theirs)


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.machine.name)
def test_known_differences_are_still_there(pair: Pair, known: Difference) -> None:
    ours, theirs = pair.run(known.machine)
    assert ending(ours) == known.ours, ours
    assert ending(theirs) == known.theirs, f"the emulator no longer differs: {known.reason}"


@pytest.mark.parametrize(
    "scenario", [one for one in SCENARIOS if one.name not in NOT_COMPARED], ids=lambda scenario: scenario.name
)
def test_the_shipped_machine_takes_the_same_path_on_both(bench: Bench, oracle: Bench, scenario: Scenario) -> None:
    assert path(scenario.play(bench)) == path(scenario.play(oracle))
