"""Times and ids as records, messages and clients see them. Clock and randomness come from the caller."""

from datetime import UTC, datetime


def timestamp(moment: datetime) -> str:
    """UTC, ISO 8601, milliseconds: `2026-01-31T12:00:00.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def uuid7(unix_milliseconds: int, random_bits: bytes) -> str:
    """A UUIDv7 (RFC 9562, 5.7): sorts by time of creation, so that ids are in the order in which tasks arrived.

    `random_bits` are at least ten random bytes.
    """
    value = (unix_milliseconds & (1 << 48) - 1) << 80 | int.from_bytes(random_bits[:10])
    value = value & ~(0xF << 76) | 0x7 << 76  # version 7
    value = value & ~(0x3 << 62) | 0x2 << 62  # the RFC's variant
    digits = f"{value:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
