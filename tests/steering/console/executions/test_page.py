"""The page of an execution, as a browser gets it."""

import asyncio
import json
import re
import time
from html.parser import HTMLParser

import httpx
import pytest

from taskline.console.app import create_app
from taskline.console.basis.stage import Stage
from tests.steering.console.executions.recordings import ARN, START_MS, TASK_ID, each, record, recorded, shipped
from tests.steering.console.executions.test_events import Logs
from tests.steering.console.executions.test_setup import States, logging


def record_of_the_task(history):
    """What the API answers about the task."""
    submitted = {"title": "A title", "description": "A description", "priority": "low", "type": "default", "data": {}}
    record = {"task_id": TASK_ID, "ordering_key": "a", "created_at": "2027-01-15T08:00:00.000Z", "attempts": 1}
    return {**submitted, **record, "status": "succeeded", "history": history}


def page(lines, *, source=None, api=None, laptop=True, states=None):
    """The console of a stage whose machine logged these lines, and its log."""
    logs = Logs(lines)
    clients = {"stepfunctions": states or States(source or shipped(), logging=logging()), "logs": logs}
    stage = Stage(name="dev", url="http://api/v1", outputs={}, client=clients.__getitem__, is_laptop=laptop)

    def answer(_request):
        return httpx.Response(404, json={}) if api is None else httpx.Response(200, json=api)

    return Browser(create_app(stage, transport=httpx.MockTransport(answer))), logs


class Browser:
    """Gets pages of an application, without a network."""

    def __init__(self, app):
        self.app = app

    def get(self, path, params=None):
        async def got():
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
                return await client.get(path, params=params)

        return asyncio.run(got())


def get(path, **query):
    """A page about a path through the shipped machine."""
    console, _ = page(recorded(path).lines)
    response = console.get("/executions", params={"arn": ARN, **query})
    assert response.status_code == 200
    return response.text


class Elements(HTMLParser):
    """All elements of a page, with their attributes."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def hrefs(text):
    return [found["href"] for tag, found in Elements(text).found if tag == "a" and "href" in found]


@pytest.mark.parametrize("view", ["graph", "timeline", "steps", "events"])
def test_each_view_shows_the_execution_and_links_its_task(view):
    text = get("failure", view=view)
    assert f'href="/tasks/{TASK_ID}"' in text
    assert "ProcessTask" in text
    assert "TaskValidationError" in text


@pytest.mark.parametrize("view", ["graph", "timeline", "steps", "events"])
def test_the_views_share_one_selection(view):
    text = get("failure", view=view, step="RecordFailure")
    assert re.search(r'id="step-title">RecordFailure<', text)
    others = [href for href in hrefs(text) if href.startswith("/executions?") and "#" not in href]
    assert len([href for href in others if "view=" in href and "step=RecordFailure" in href]) >= 4


def test_without_a_selection_the_state_with_the_error_is_shown():
    assert re.search(r'id="step-title">ProcessTask<', get("failure"))
    assert re.search(r'id="step-title">RecordResult<', get("record that cannot be written"))
    assert re.search(r'id="step-title">RecordResult<', get("success"))


def test_one_of_several_visits_can_be_chosen():
    text = get("back-off, then success", step="ProcessTask", visit="1")
    assert "TaskNetworkError" in text
    assert "NetworkError" not in get("back-off, then success", step="RecordResult").partition('id="step"')[2]


def test_a_succeeded_execution_says_that_its_task_failed():
    assert "An execution that records a failure has done its work" in get("failure")


def test_a_failed_execution_shows_its_error_first():
    text = get("in progress")
    assert text.index("TaskInProgress") < text.index("graph-frame")
    assert "A failed execution fails no task" in text


def test_an_event_shows_its_details_when_it_is_opened():
    scheduled = "&#34;timeoutInSeconds&#34;"
    assert scheduled in get("success", view="events", event="3")
    assert scheduled not in get("success", view="events", event="2")


def test_payloads_are_cut_unless_asked_for_whole():
    body = json.dumps({"task_id": TASK_ID, "data": "x" * 50_000})
    sent = [{"messageId": "m", "body": body, "attributes": {}}]
    console, _ = page(record(shipped(), sent, {"SendToDeadLetterQueue": [{"result": {}}]}).lines)
    chosen = {"arn": ARN, "step": "CheckGate"}
    short = console.get("/executions", params=chosen).text
    whole = console.get("/executions", params={**chosen, "show": "input"}).text
    assert "x" * 40_000 not in short
    assert "Cut at 32 KiB" in short
    assert "x" * 50_000 in whole


def test_nothing_of_a_task_becomes_markup():
    for view in ("graph", "timeline", "steps", "events"):
        for step in ("ClaimTask", "<script>alert(1)</script>"):
            text = get("success", view=view, step=step, event="2", task='"><script>alert(1)</script>')
            assert "<script>alert(1)" not in text


def test_the_policy_holds():
    console, _ = page(recorded("failure").lines)
    response = console.get("/executions", params={"arn": ARN})
    assert "'unsafe" not in response.headers["content-security-policy"]
    for tag, found in Elements(response.text).found:
        assert "style" not in found
        assert not [key for key in found if key.startswith("on")]
        assert tag != "style"
        assert tag != "script" or found.get("src", "").startswith("/static/")


def test_the_log_is_searched_at_the_time_that_the_task_names():
    at = {"at": "2027-01-15T08:00:00.000Z", "status": "processing", "execution": ARN}
    console, logs = page(recorded("success").lines, api=record_of_the_task([at]))
    assert console.get("/executions", params={"arn": ARN, "task": TASK_ID}).status_code == 200
    (request,) = logs.requests
    assert request["startTime"] < START_MS < request["endTime"] < START_MS + 600_000


def test_without_its_task_the_last_hours_are_searched():
    console, logs = page([])
    text = console.get("/executions", params={"arn": ARN}).text
    (request,) = logs.requests
    assert request["endTime"] - request["startTime"] > 3 * 3_600_000
    assert "What the log does not say" in text


def test_what_is_inside_a_map_is_drawn_below():
    console, _ = page(record(each(), [1, 2], {"Work": [{"result": {}}]}).lines, source=each())
    text = console.get("/executions", params={"arn": ARN}).text
    assert "Inside Each, for each item" in text
    assert text.count("<svg class=&#34;graph") == 0
    assert text.count('<svg class="graph') == 2


def test_events_can_be_taken_home():
    console, _ = page(recorded("success").lines)
    response = console.get("/executions/events.json", params={"arn": ARN})
    assert 'attachment; filename="' in response.headers["content-disposition"]
    events = response.json()
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    assert events[0]["at"] == "2027-01-15T08:00:00.000+00:00"


def test_an_arn_that_is_none_says_what_to_do():
    console, _ = page([])
    response = console.get("/executions", params={"arn": "nonsense"})
    assert response.status_code == 404
    assert "is not the ARN of an execution" in response.text
    assert "Open the execution from its task" in response.text


def test_without_an_arn_the_page_says_how_to_find_one():
    console, _ = page([])
    assert "An execution is found from its task" in console.get("/executions").text


def test_a_deployed_stage_links_the_aws_console():
    console, _ = page(recorded("success").lines, laptop=False)
    text = console.get("/executions", params={"arn": ARN}).text
    link = f"https://us-east-1.console.aws.amazon.com/states/home?region=us-east-1#/express-executions/details/{ARN}"
    assert f'href="{link}?startDate=1799999940000"' in text


def test_a_running_execution_is_live():
    shift = round(time.time() * 1000) - START_MS
    lines = [json.loads(line) for line in recorded("success").lines[:9]]
    moved = [{**line, "event_timestamp": str(int(line["event_timestamp"]) + shift)} for line in lines]
    console, _ = page([json.dumps(line) for line in moved])
    text = console.get("/executions", params={"arn": ARN}).text
    assert "data-live" in text
    assert "so far" in text
