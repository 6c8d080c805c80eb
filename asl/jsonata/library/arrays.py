"""Functions of arrays, including the higher-order ones."""

import random
from typing import Final

from asl.jsonata.library.define import native
from asl.jsonata.runtime.calls import apply, call_with
from asl.jsonata.runtime.errors import JsonataError
from asl.jsonata.runtime.frame import Frame, check_size
from asl.jsonata.runtime.ordering import compare, sort_by
from asl.jsonata.runtime.truth import are_numbers, are_strings, host_truthy, truthy
from asl.jsonata.runtime.values import UNDEFINED, Sequence, Value, append, deep_equal, is_list


def _map(env: Frame, items: Value, function: Value = UNDEFINED) -> Value:
    if items is UNDEFINED:
        return UNDEFINED
    results = (call_with(function, [item, index, items], env) for index, item in enumerate(items))
    return Sequence(result for result in results if result is not UNDEFINED)


def _filter(env: Frame, items: Value, function: Value = UNDEFINED) -> Value:
    if items is UNDEFINED:
        return UNDEFINED
    return Sequence(item for index, item in enumerate(items) if truthy(call_with(function, [item, index, items], env)))


def _single(env: Frame, items: Value, function: Value = UNDEFINED) -> Value:
    if items is UNDEFINED:
        return UNDEFINED
    found: Value = UNDEFINED
    any_found = False
    for index, item in enumerate(items):
        if function is UNDEFINED or truthy(call_with(function, [item, index, items], env)):
            if any_found:
                raise JsonataError("D3138")
            found, any_found = item, True
    if not any_found:
        raise JsonataError("D3139")
    return found


def _reduce(env: Frame, items: Value, function: Value = UNDEFINED, start: Value = UNDEFINED) -> Value:
    if items is UNDEFINED:
        return UNDEFINED
    if function.arity < 2:
        raise JsonataError("D3050")
    rest = items
    result = start
    first = 0
    if start is UNDEFINED and items:
        result, rest, first = items[0], items[1:], 1
    for index, item in enumerate(rest, first):
        result = apply(function, [result, item, index, items][: max(2, min(4, function.arity))], None, env)
    return result


def _zip(*arrays: Value) -> Value:
    length = min((len(array) if is_list(array) else 0 for array in arrays), default=0)
    return [[array[index] for array in arrays] for index in range(length)]


def _append(left: Value = UNDEFINED, right: Value = UNDEFINED) -> Value:
    joined = append(left, right)
    if is_list(joined):
        check_size(len(joined))
    return joined


def _reverse(items: Value) -> Value:
    return items if items is UNDEFINED or len(items) <= 1 else items[::-1]


def _sort(env: Frame, items: Value, comparator: Value = UNDEFINED) -> Value:
    if items is UNDEFINED or len(items) <= 1:
        return items
    if comparator is not UNDEFINED:
        return sort_by(items, lambda a, b: host_truthy(apply(comparator, [a, b], None, env)))
    if not are_numbers(items) and not are_strings(items):
        raise JsonataError("D3070")
    return sort_by(items, lambda a, b: compare(a, b) > 0)


def _shuffle(env: Frame, items: Value) -> Value:
    if items is UNDEFINED or len(items) <= 1:
        return items
    shuffled = list(items)
    rng: random.Random = env.scratch.rng
    rng.shuffle(shuffled)
    return shuffled


def _distinct(items: Value) -> Value:
    if not is_list(items) or len(items) <= 1:
        return items
    results: list[Value] = Sequence() if type(items) is Sequence else []
    for item in items:
        if not any(deep_equal(item, seen) for seen in results):
            results.append(item)
    return results


def _count(items: Value) -> Value:
    return 0 if items is UNDEFINED else len(items)


FUNCTIONS: Final = {
    "count": native(_count, "<a:n>"),
    "map": native(_map, "<af>", 2, scoped=True),
    "filter": native(_filter, "<af>", 2, scoped=True),
    "single": native(_single, "<af?>", 2, scoped=True),
    "reduce": native(_reduce, "<afj?:j>", 3, scoped=True),
    "zip": native(_zip, "<a+>", 0),
    "append": native(_append, "<xx:a>", 2),
    "reverse": native(_reverse, "<a:a>"),
    "sort": native(_sort, "<af?:a>", 2, scoped=True),
    "shuffle": native(_shuffle, "<a:a>", 1, scoped=True),
    "distinct": native(_distinct, "<x:x>"),
}
