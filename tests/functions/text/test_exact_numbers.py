"""Numbers are written as they were read, however they are spelled."""

import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.tasks import strict_json

DIGITS = st.text("0123456789", min_size=1, max_size=25)
WHOLE = st.tuples(st.sampled_from("123456789"), st.text("0123456789", max_size=25)).map("".join) | st.just("0")
FRACTION = DIGITS.map(lambda digits: f".{digits}") | st.just("")
EXPONENT = st.tuples(st.sampled_from(["e", "E", "e+", "E-", "e-"]), st.integers(0, 99)).map(
    lambda drawn: f"{drawn[0]}{drawn[1]:02}"
)
NUMBERS = st.tuples(st.sampled_from(["", "-"]), WHOLE, FRACTION, EXPONENT | st.just("")).map("".join)
SPELLED = [
    "1.10",
    "1.0",
    "1E5",
    "1e5",
    "1e-400",
    "-0",
    "-0.0",
    "0.1234567890123456789",
    "9" * 100,
    "100000000000000000000.5",
]


def round_trip(text: str) -> str:
    return strict_json.dumps(strict_json.loads(text, exact=True))


@given(NUMBERS)
def test_every_number_is_written_as_it_was_read(number: str) -> None:
    assert round_trip(number) == number
    document = f'{{"a":[{number},"text",null,{{"{number}":{number}}}],"b":true,"ü":"\\\\\\""}}'
    assert round_trip(document) == document


@pytest.mark.parametrize("number", SPELLED)
def test_its_value_is_what_any_parser_reads(number: str) -> None:
    assert round_trip(number) == number
    assert strict_json.loads(number, exact=True) == json.loads(number)
    assert type(strict_json.loads(number)) in (int, float), "plain, unless exact numbers are asked for"


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers())
def test_a_number_as_python_writes_it_needs_no_text(number: float) -> None:
    assert type(strict_json.loads(json.dumps(number), exact=True)) is type(number)


@pytest.mark.parametrize("text", ["1e400", "-1e309", "7" * 400 + ".5", "9" * 1001, "NaN", "-Infinity", "01", "1."])
def test_a_number_that_is_refused_is_refused_in_either_form(text: str) -> None:
    for exact in (False, True):
        with pytest.raises(ValueError, match=r"too large|1000 digits|not JSON"):
            strict_json.loads(f"[{text}]", exact=exact)


def test_what_is_beside_an_exact_number_is_still_checked() -> None:
    number = strict_json.loads("1.10", exact=True)
    for wrong in (float("nan"), float("inf"), "\ud800"):
        with pytest.raises(ValueError):
            strict_json.dumps([number, wrong])
    with pytest.raises(TypeError):
        strict_json.dumps([number, {1, 2}])
    assert strict_json.dumps({"n": (number, "\uffff")}) == '{"n":[1.10,"\\uffff"]}'


def test_an_exact_number_is_a_float_to_everyone_else() -> None:
    number: Any = strict_json.loads("1.10", exact=True)
    assert (number, number + 1, json.dumps(number), hash(number)) == (1.1, 2.1, "1.1", hash(1.1))
    assert pickle.loads(pickle.dumps(number)).text == "1.10"
