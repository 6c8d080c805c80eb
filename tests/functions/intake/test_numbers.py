"""The numbers of a task's data stay as they were sent: in the record, in the message, and in what the API returns."""

import json

import pytest

from functions import reader, validator
from functions.task_types import load_task_types
from functions.tasks.runs.processing import process
from tests.builders import TASK_ID, a_message, an_item
from tests.functions.conftest import Pipeline
from tests.functions.support import CONTEXT, get_task, post, post_batch

KEPT = ["1.10", "-0", "-0.0", "0.1234567890123456789", "9" * 100, "1E5", "1.0", "1e-400", "12345678901234567890.10"]
REFUSED = [("1e400", "too large"), ("NaN", "not JSON"), ("9" * 1001, "1000 digits")]
ENVELOPE = '{{"title": "t", "description": "d", "priority": "low", "type": "demo.echo", "data": {data}}}'


def task(data: str) -> str:
    return ENVELOPE.format(data=data)


def data_of(text: str) -> str:
    """The text of the member `data`."""
    start = text.index('"data":') + len('"data":')
    start += text[start] == " "
    depth = 0
    for position in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        if depth == 0:
            return text[start : position + 1]
    raise AssertionError(f"no data in {text}")


@pytest.mark.parametrize("number", KEPT)
def test_a_number_comes_back_as_it_was_sent(pipeline: Pipeline, number: str) -> None:
    data = f'{{"n":{number},"deep":[[{{"n":{number}}}]]}}'
    accepted = validator.handler(post(task(data)), CONTEXT)
    assert accepted["statusCode"] == 202
    (record,), (message,) = pipeline.records(), pipeline.messages()
    read = reader.handler(get_task(record["task_id"]["S"]), CONTEXT)
    for where, text in {
        "the response": accepted["body"],
        "the record": record["body"]["S"],
        "the message": message["Body"],
        "the task read back": read["body"],
    }.items():
        assert data_of(text) == data, where


def test_the_numbers_of_a_batch_come_back_too(pipeline: Pipeline) -> None:
    tasks = ",".join(task(f'{{"n":{number}}}') for number in KEPT)
    response = validator.handler(post_batch(f'{{"tasks": [{tasks}]}}'), CONTEXT)
    assert response["statusCode"] == 207
    for number in KEPT:
        assert f'"data":{{"n":{number}}}' in response["body"]
    sent = [data_of(message["Body"]) for message in pipeline.messages()]
    assert sent == [f'{{"n":{number}}}' for number in KEPT]


@pytest.mark.parametrize(("number", "why"), REFUSED)
def test_what_no_number_can_hold_is_refused(pipeline: Pipeline, number: str, why: str) -> None:
    """A task type would get infinity for it, and other parsers might stop at its length."""
    assert why in pipeline.post(task(f'{{"n": {number}}}')).message("body")
    pipeline.assert_untouched()


def test_a_name_that_is_given_twice_is_refused(pipeline: Pipeline) -> None:
    assert "has the key 'n' twice" in pipeline.post(task('{"n": 1.10, "n": 1.1}')).message("body")
    pipeline.assert_untouched()


def test_another_producers_numbers_come_back_as_they_were_sent(pipeline: Pipeline) -> None:
    body = a_message(data={"n": 0}).replace('{"n": 0}', '{"n": 1.10}')
    pipeline.put(an_item("queued") | {"body": {"S": body}})
    assert data_of(reader.handler(get_task(TASK_ID), CONTEXT)["body"]) == '{"n":1.10}'


def test_a_task_type_gets_plain_numbers(pipeline: Pipeline) -> None:
    """Integers of any length are exact, all others the nearest double."""
    types = load_task_types()
    body = a_message(type="demo.echo", data={"n": 0}).replace('"n": 0', f'"n": [1.10, 1E5, {"9" * 100}]')
    result = process(body, attempt=1, run=1, types=types, draw=0.5)
    seen = json.loads(result)["n"]
    assert seen == [1.1, 100000.0, int("9" * 100)]
    assert result == f'{{"n":[1.1,100000.0,{"9" * 100}]}}', "its result is written from these"


def test_a_repeated_request_may_spell_a_number_in_another_way(pipeline: Pipeline) -> None:
    """The hash of the request sees values: a proxy or a library may have written them anew."""
    headers = {"Idempotency-Key": "k-1"}
    first = validator.handler(post(task('{"n":1.10}'), headers=headers), CONTEXT)
    again = validator.handler(post(task('{"n":1.1}'), headers=headers), CONTEXT)
    other = validator.handler(post(task('{"n":1.2}'), headers=headers), CONTEXT)
    assert [one["statusCode"] for one in (first, again, other)] == [202, 202, 422]
    assert data_of(again["body"]) == '{"n":1.10}', "the task is the one that was accepted"
