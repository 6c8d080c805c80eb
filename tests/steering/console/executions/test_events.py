"""Reading the events of one execution from CloudWatch Logs."""

import json

import pytest

from taskline.console.executions import events as subject
from taskline.console.executions.events import read_events, window
from tests.steering.console.executions.recordings import ARN, START_MS, recorded

LINES = recorded("success").lines
SPAN = window(START_MS + 5000, START_MS, START_MS + 400)


class Logs:
    """CloudWatch Logs with these pages of lines; it remembers its requests."""

    def __init__(self, *pages):
        self.pages = pages
        self.requests = []

    def filter_log_events(self, **request):
        self.requests.append(request)
        number = int(request.get("nextToken", "0"))
        more = {"nextToken": str(number + 1)} if number + 1 < len(self.pages) else {}
        return {"events": [{"message": line} for line in self.pages[number]], **more}


def ids(log):
    return [event.id for event in log.events]


def test_the_group_is_searched_for_the_execution_within_its_time():
    logs = Logs(LINES)
    log = read_events(logs, "group", ARN, SPAN)
    (request,) = logs.requests
    assert request["logGroupName"] == "group"
    assert request["filterPattern"] == f'"{ARN}"'
    assert request["startTime"] < START_MS < request["endTime"]
    assert request["endTime"] - request["startTime"] < 120_000, "a search of minutes, not of hours"
    assert ids(log) == list(range(1, len(LINES) + 1))
    assert log.searched_all


def test_pages_are_followed_though_some_are_empty():
    logs = Logs(LINES[:3], [], [], LINES[3:])
    assert len(read_events(logs, "group", ARN, SPAN).events) == len(LINES)
    assert len(logs.requests) == 4


def test_a_whole_log_ends_the_search():
    logs = Logs(LINES, [], [], [])
    assert read_events(logs, "group", ARN, SPAN).searched_all
    assert len(logs.requests) == 1


def test_events_are_in_order_each_once_however_they_come():
    log = read_events(Logs([*reversed(LINES), *LINES]), "group", ARN, SPAN)
    assert ids(log) == list(range(1, len(LINES) + 1))


def test_lines_of_other_executions_that_mention_this_one_are_left_out():
    other = json.dumps({**json.loads(LINES[0]), "id": "77", "execution_arn": "arn:other", "details": {"output": ARN}})
    log = read_events(Logs([other, *LINES]), "group", ARN, SPAN)
    assert ids(log) == list(range(1, len(LINES) + 1))
    assert log.unreadable == 0


@pytest.mark.parametrize(
    "line",
    ["", "no JSON", "[1]", '"text"', json.dumps({"execution_arn": ARN}),
     json.dumps({"execution_arn": ARN, "id": "x", "type": "T", "event_timestamp": "1"})],
)  # fmt: skip
def test_lines_that_are_no_events_are_counted(line):
    log = read_events(Logs([line, *LINES]), "group", ARN, SPAN)
    assert log.unreadable == 1
    assert len(log.events) == len(LINES)


def test_the_search_ends_at_its_most_pages():
    log = read_events(Logs(*([LINES[:2]] + [[]] * 100)), "group", ARN, SPAN)
    assert not log.searched_all
    assert ids(log) == [1, 2]


def test_the_search_ends_when_its_time_is_over():
    moments = iter((0.0, subject.MOST_SECONDS - 1, subject.MOST_SECONDS + 1))
    logs = Logs(*[[]] * 100)
    assert not read_events(logs, "group", ARN, SPAN, clock=lambda: next(moments)).searched_all
    assert len(logs.requests) == 2


def test_details_that_are_missing_or_odd_are_empty():
    odd = json.dumps({**json.loads(LINES[0]), "details": None, "previous_event_id": None})
    (event,) = read_events(Logs([odd]), "group", ARN, SPAN).events
    assert (event.details, event.previous) == ({}, 0)


def test_without_a_hint_the_last_hours_are_searched():
    span = window(START_MS)
    assert span.latest is None
    assert span.end - span.start > 3 * 3_600_000


def test_a_start_alone_allows_for_the_longest_execution():
    span = window(START_MS + 10**9, START_MS)
    assert span.end - START_MS >= subject.LONGEST_MS


def test_an_end_alone_allows_for_the_longest_execution():
    span = window(START_MS + 10**9, None, START_MS)
    assert START_MS - span.start >= subject.LONGEST_MS
