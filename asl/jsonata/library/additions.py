"""The functions that Step Functions adds to JSONata, and `$random`, which takes a seed there.

The results for arguments that are missing, of the wrong type or out of range were observed on AWS: without a step or
algorithm the result is undefined, fractions are truncated, and a seed is one of `java.util.Random`.
"""

import hashlib
import json
import math
import re
import uuid
from typing import Any, Final

from asl.jsonata.library.define import native
from asl.jsonata.runtime.calls import Native
from asl.jsonata.runtime.errors import JsonataError, ResourceLimit
from asl.jsonata.runtime.frame import Frame
from asl.jsonata.runtime.values import UNDEFINED, Sequence, Value, is_list

_ALGORITHMS: Final = ("SHA-1", "SHA-384", "SHA-256", "SHA-512", "MD5")
_LONGEST_RANGE: Final = 360_145


def _partition(items: Value, size: Value = UNDEFINED) -> Value:
    if items is UNDEFINED:
        return UNDEFINED
    if not is_list(items):
        raise JsonataError("T0412", index=1, type=UNDEFINED)
    if size is UNDEFINED:
        return [list(items)]
    if not items:
        return UNDEFINED
    count = int(size)
    if count < 0:
        raise JsonataError("D3137", message="Second argument must be zero or greater")
    if count == 0:
        return UNDEFINED
    return [items[start : start + count] for start in range(0, len(items), count)]


def _range(start: Value, end: Value = UNDEFINED, step: Value = UNDEFINED) -> Value:
    if start is UNDEFINED or end is UNDEFINED or step is UNDEFINED:
        return UNDEFINED
    first, last, stride = int(start), int(end), int(step)
    if stride == 0:
        return UNDEFINED
    numbers = range(first, last + (1 if stride > 0 else -1), stride)
    if (last - first) // stride >= _LONGEST_RANGE:
        raise ResourceLimit.memory()
    return Sequence(numbers)


def _hash(text: Value, algorithm: Value = UNDEFINED) -> Value:
    if text is UNDEFINED or algorithm is UNDEFINED:
        return UNDEFINED
    if algorithm not in _ALGORITHMS:
        raise _unknown_algorithm(algorithm)
    name = algorithm.replace("-", "").lower()
    return hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()


def _unknown_algorithm(name: str) -> JsonataError:
    return JsonataError("D3137", message=f"Hash algorithm '{name}' must be one of {', '.join(_ALGORITHMS)}")


class _Hash(Native):
    """`$hash`: a missing algorithm yields undefined, an undefined one is an error."""

    __slots__ = ()

    def invoke(self, args: list[Value], context: Value, env: Frame) -> Value:
        """Validate and run."""
        value = super().invoke(args, context, env)
        if len(args) > 1 and args[1] is UNDEFINED and args[0] is not UNDEFINED:
            raise _unknown_algorithm("null")
        return value


def _random(env: Frame, seed: Value = UNDEFINED) -> Value:
    return env.scratch.rng.random() if seed is UNDEFINED else java_random(int(seed))


def java_random(seed: int) -> float:
    """The first `nextDouble()` of a `java.util.Random` with this seed."""
    multiplier, mask = 0x5DEECE66D, (1 << 48) - 1
    state = (seed ^ multiplier) & mask
    bits: list[int] = []
    for width in (26, 27):
        state = (state * multiplier + 0xB) & mask
        bits.append(state >> (48 - width))
    return ((bits[0] << 27) + bits[1]) * 2.0**-53


def _uuid(env: Frame) -> Value:
    return str(uuid.UUID(int=env.scratch.rng.getrandbits(128), version=4))


def _parse(text: Value = UNDEFINED) -> Value:
    if text is UNDEFINED:
        return UNDEFINED
    try:
        return json.loads(
            _STRINGS.sub(_double_quoted, text) if "'" in text else text,
            object_pairs_hook=_unique,
            parse_int=_integer,
            parse_float=_float,
            parse_constant=_refuse,
        )
    except (ValueError, RecursionError) as error:
        raise JsonataError("D3137", message="Invalid JSON") from error


_STRINGS: Final = re.compile(r"""\"(?:[^"\\]|\\.)*"|'((?:[^'\\]|\\.)*)'""", re.DOTALL)
_INNER: Final = re.compile(r"""\\(.)|(")""", re.DOTALL)


def _double_quoted(found: re.Match[str]) -> str:
    """A string in double quotes. The parser of AWS accepts single quotes too."""
    if found[1] is None:
        return found[0]
    inner = _INNER.sub(lambda part: '\\"' if part[2] else "'" if part[1] == "'" else part[0], found[1])
    return f'"{inner}"'


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("repeated key")
    return members


def _integer(text: str) -> int | float:
    number = int(text)
    return number if -(2**63) <= number < 2**63 else _float(text)


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("number too large")
    return number


def _refuse(text: str) -> float:
    raise ValueError(text)


FUNCTIONS: Final = {
    "partition": native(_partition, "<xn?:a>", 2),
    "range": native(_range, "<nnn?:a>", 3),
    "hash": _Hash(_hash, "<ss?:s>", 2, wants_scope=False),
    "random": native(_random, "<n?:n>", 1, scoped=True),
    "uuid": native(_uuid, "<:s>", 0, scoped=True),
    "parse": native(_parse, "<s?:x>"),
}
