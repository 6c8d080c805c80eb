"""JSON that two parsers cannot read differently."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.tasks import strict_json

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=20)


@given(VALUES)
def test_what_is_written_is_read_back(value: Any) -> None:
    read = strict_json.loads(strict_json.dumps(value))
    assert read == value
    assert json.dumps(read) == json.dumps(value), "types and order are kept: 1 is not 1.0, nor true"


@given(VALUES)
def test_what_is_written_is_accepted_by_sqs(value: Any) -> None:
    text = strict_json.dumps(value)
    assert all(" " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c >= "\U00010000" for c in text)


@given(VALUES)
def test_what_is_written_is_read_by_any_other_parser(value: Any) -> None:
    assert json.loads(strict_json.dumps(value)) == value


@given(TEXT)
def test_the_escaped_size_is_the_texts_size_in_another_document(text: str) -> None:
    around = len(json.dumps({"body": ""}).encode()) - 2
    assert strict_json.escaped_size(text) == len(json.dumps({"body": text}, ensure_ascii=False).encode()) - around


@pytest.mark.parametrize(("text", "size"), [("", 2), ("a", 3), ('"', 4), ("\\", 4), ("€", 5), ("\n", 4), ("\x00", 8)])
def test_a_known_escaped_size(text: str, size: int) -> None:
    assert strict_json.escaped_size(text) == size


@given(st.text(alphabet='{}[]",:0123456789.eE+-\\ntrufalsNIy "', max_size=40))
def test_any_text_is_either_read_like_the_standard_parser_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        value = strict_json.loads(text)
        assert json.loads(text) == value


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [float("-inf")], "\ud800", {"\udfff": 1}])
def test_what_json_cannot_represent_is_not_written(value: Any) -> None:
    with pytest.raises(ValueError):
        strict_json.dumps(value)


@pytest.mark.parametrize("value", [{1, 2}, b"x", object()])
def test_other_types_are_not_written(value: Any) -> None:
    with pytest.raises(TypeError):
        strict_json.dumps(value)


@pytest.mark.parametrize(
    "text", ['"\\ud800"', '{"\\udc00": 1}', '["\\udfff\\ud800"]', '{"a": {"b": ["\\ud800x"]}}', '"\ud800"']
)
def test_an_unpaired_surrogate_is_not_read(text: str) -> None:
    with pytest.raises(ValueError, match=r"^contains an unpaired surrogate, which is not a character$"):
        strict_json.loads(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1e999", "contains the number 1e999, which is too large"),
        ("7" * 400 + ".5", f"contains the number {'7' * 32}, which is too large"),
        ("9" * 1001, "contains an integer of more than 1000 digits"),
    ],
)
def test_the_refusal_of_a_number_says_which_rule_it_breaks(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=rf"^{message}$"):
        strict_json.loads(text)


def test_a_duplicate_key_is_named() -> None:
    with pytest.raises(ValueError, match=r"^has the key 'b' twice in one object$"):
        strict_json.loads('{"a": 1, "b": 1, "c": 1, "b": 2}')


def test_an_integer_of_the_maximum_length_is_read() -> None:
    assert strict_json.loads("9" * 1000) == 10**1000 - 1


def test_characters_that_sqs_rejects_are_escaped() -> None:
    assert strict_json.dumps("\ufffe\uffff") == json.dumps("\ufffe\uffff") == '"\\ufffe\\uffff"'


@pytest.mark.parametrize("text", ['"a\\u0000"', '{"\\u0000": 1}', '[[{"a": ["\\u0000"]}]]'])
def test_the_character_nul_is_not_read_anywhere(text: str) -> None:
    with pytest.raises(ValueError, match=r"^contains the character NUL \(U\+0000\)$"):
        strict_json.loads(text)


@pytest.mark.parametrize("text", ['"\\ud83d\\ude00"', '"😀"'])
def test_a_pair_of_surrogates_is_one_character(text: str) -> None:
    assert strict_json.loads(text) == "😀"


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
@pytest.mark.parametrize("inside", ["1", "", '"x"'])
def test_nesting_is_read_up_to_the_limit(opening: str, closing: str, inside: str) -> None:
    inside = inside or ("[]" if opening == "[" else "{}")
    own = 1 if inside in ("[]", "{}") else 0

    def nested(levels: int) -> str:
        return opening * (levels - own) + inside + closing * (levels - own)

    strict_json.loads(nested(strict_json.MAX_DEPTH))
    with pytest.raises(ValueError, match="nested deeper than 32 levels"):
        strict_json.loads(nested(strict_json.MAX_DEPTH + 1))


def test_wide_data_is_not_deep() -> None:
    wide = json.dumps([[{"a": []}] * 100] * 100)
    assert strict_json.loads(wide) == json.loads(wide)
