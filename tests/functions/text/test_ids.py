"""Task ids: UUIDs of version 7."""

import uuid

from hypothesis import given
from hypothesis import strategies as st

from functions.tasks.clock import uuid7

TIMES = st.integers(min_value=0, max_value=2**48 - 1)
RANDOM = st.binary(min_size=10, max_size=16)


@given(TIMES, RANDOM)
def test_an_id_is_a_uuid_of_version_7_in_its_canonical_form(milliseconds: int, random: bytes) -> None:
    made = uuid7(milliseconds, random)
    parsed = uuid.UUID(made)
    assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
    assert str(parsed) == made, "lower case, with hyphens"


@given(TIMES, RANDOM)
def test_an_id_contains_its_time(milliseconds: int, random: bytes) -> None:
    assert uuid.UUID(uuid7(milliseconds, random)).int >> 80 == milliseconds


@given(TIMES, RANDOM)
def test_the_rest_of_an_id_is_random(milliseconds: int, random: bytes) -> None:
    made, bits = uuid.UUID(uuid7(milliseconds, random)).int, int.from_bytes(random[:10])
    after_version, after_variant = 0xFFF << 64, 2**62 - 1
    assert made & after_version == bits & after_version
    assert made & after_variant == bits & after_variant


@given(TIMES, TIMES, RANDOM, RANDOM)
def test_ids_sort_by_time_as_text(first: int, second: int, one: bytes, other: bytes) -> None:
    if first < second:
        assert uuid7(first, one) < uuid7(second, other)


@given(TIMES, RANDOM, RANDOM)
def test_ids_of_the_same_millisecond_differ_by_their_random_bits(milliseconds: int, one: bytes, other: bytes) -> None:
    def random_bits(random: bytes) -> int:
        return int.from_bytes(random[:10]) & ~(0xF << 76) & ~(0x3 << 62)

    same = uuid7(milliseconds, one) == uuid7(milliseconds, other)
    assert same == (random_bits(one) == random_bits(other)), "74 random bits, none of them lost"


def test_a_time_beyond_the_48_bits_that_an_id_has_for_it_wraps_around() -> None:
    assert uuid7(2**48 + 7, b"\x00" * 10) == uuid7(7, b"\x00" * 10)


def test_a_known_id() -> None:
    assert uuid7(0x0198C0DEBEEF, b"\x00" * 10) == "0198c0de-beef-7000-8000-000000000000"
    assert uuid7(0x0198C0DEBEEF, b"\xff" * 10) == "0198c0de-beef-7fff-bfff-ffffffffffff"
