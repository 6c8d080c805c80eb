"""Times and ids as records, messages and clients see them. Clock and randomness come from the caller."""

from datetime import UTC, datetime


def timestamp(moment: datetime) -> str:
    """UTC, ISO 8601, milliseconds: `2026-01-31T12:00:00.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[: -len("+00:00")] + "Z"


def uuid7(unix_milliseconds: int, random_bits: bytes) -> str:
    """A UUIDv7 (RFC 9562, 5.7): sorts by time of creation, so that ids are in the order in which tasks arrived.

    `random_bits` are at least ten random bytes.
    """
    time, chance = f"{unix_milliseconds & (1 << 48) - 1:012x}", random_bits.hex()
    variant = "89ab"[random_bits[2] >> 4 & 0x3]  # two of its bits
    return f"{time[:8]}-{time[8:]}-7{chance[1:4]}-{variant}{chance[5:8]}-{chance[8:20]}"
