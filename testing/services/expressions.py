"""The part of DynamoDB's condition and update expressions that this product uses, compiled once to closures.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html. Anything else is an error: an
expression must be supported here before it is simulated. A test compares the results with moto's.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

Value = dict[str, Any]
Item = dict[str, Value]
_TOKENS = re.compile(r"\s*(<=|>=|<>|[<>=(),+-]|[#:]?\w+)")


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What an expression is evaluated against: the item before the write, and the request's names and values."""

    item: Item
    names: Mapping[str, str]
    values: Mapping[str, Value]


Operand = Callable[[Scope], Value | None]
Condition = Callable[[Scope], bool]
Update = Callable[[Scope], Item]


@cache
def compile_condition(text: str) -> Condition:
    """`AND`, `OR`, `NOT`, parentheses, comparisons, `attribute_exists`, `attribute_not_exists`."""
    parser = _Parser(text)
    condition = parser.condition()
    parser.expect_end()
    return condition


@cache
def compile_update(text: str) -> Update:
    """`SET` with `if_not_exists`, `list_append`, `+` and `-`; and `REMOVE`."""
    parser = _Parser(text)
    update = parser.update()
    parser.expect_end()
    return update


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _TOKENS.findall(text)
        if "".join(self._tokens) != re.sub(r"\s", "", text):
            raise ValueError(f"unsupported expression {text!r}")
        self._position = 0

    def expect_end(self) -> None:
        if self._position < len(self._tokens):
            raise ValueError(f"unexpected {self._tokens[self._position]!r} in {self._text!r}")

    def condition(self) -> Condition:
        parts = [self._conjunction()]
        while self._take("OR"):
            parts.append(self._conjunction())
        return parts[0] if len(parts) == 1 else lambda scope: any(part(scope) for part in parts)

    def update(self) -> Update:
        actions: list[Callable[[Scope, Item], None]] = []
        while self._position < len(self._tokens):
            if self._take("SET"):
                actions.append(self._set())
                while self._take(","):
                    actions.append(self._set())
            elif self._take("REMOVE"):
                actions.append(self._remove())
                while self._take(","):
                    actions.append(self._remove())
            else:
                self.expect_end()

        def apply(scope: Scope) -> Item:
            changed = dict(scope.item)
            for action in actions:
                action(scope, changed)
            return changed

        return apply

    def _conjunction(self) -> Condition:
        parts = [self._negation()]
        while self._take("AND"):
            parts.append(self._negation())
        return parts[0] if len(parts) == 1 else lambda scope: all(part(scope) for part in parts)

    def _negation(self) -> Condition:
        if self._take("NOT"):
            inner = self._negation()
            return lambda scope: not inner(scope)
        if self._take("("):
            inner = self.condition()
            self._expect(")")
            return inner
        return self._comparison()

    def _comparison(self) -> Condition:
        for name, expected in (("attribute_exists", True), ("attribute_not_exists", False)):
            if self._take(name):
                self._expect("(")
                path = self._path()
                self._expect(")")
                return lambda scope: (path(scope) in scope.item) is expected
        left, operator, right = self._operand(), self._next(), self._operand()
        compare = _COMPARISONS[operator]
        return lambda scope: _compare(compare, left(scope), right(scope))

    def _set(self) -> Callable[[Scope, Item], None]:
        path = self._path()
        self._expect("=")
        value = self._sum()

        def assign(scope: Scope, changed: Item) -> None:
            result = value(scope)
            if result is None:
                raise ValueError("The provided expression refers to an attribute that does not exist in the item")
            changed[path(scope)] = result

        return assign

    def _remove(self) -> Callable[[Scope, Item], None]:
        path = self._path()

        def remove(scope: Scope, changed: Item) -> None:
            changed.pop(path(scope), None)

        return remove

    def _sum(self) -> Operand:
        left = self._operand()
        for operator, sign in (("+", 1), ("-", -1)):
            if self._take(operator):
                right = self._operand()
                return lambda scope: _add(left(scope), right(scope), sign)
        return left

    def _operand(self) -> Operand:
        if self._take("if_not_exists"):
            self._expect("(")
            path = self._path()
            self._expect(",")
            default = self._sum()
            self._expect(")")
            return lambda scope: scope.item.get(path(scope)) or default(scope)
        if self._take("list_append"):
            self._expect("(")
            first = self._sum()
            self._expect(",")
            second = self._sum()
            self._expect(")")
            return lambda scope: _append(first(scope), second(scope))
        if self._peek().startswith(":"):
            name = self._next()
            return lambda scope: scope.values[name]
        path = self._path()
        return lambda scope: scope.item.get(path(scope))

    def _path(self) -> Callable[[Scope], str]:
        token = self._next()
        if token.startswith("#"):
            return lambda scope: scope.names[token]
        return lambda _: token

    def _peek(self) -> str:
        return self._tokens[self._position] if self._position < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        self._position += 1
        return token

    def _take(self, token: str) -> bool:
        found = self._peek().upper() == token.upper()
        self._position += found
        return found

    def _expect(self, token: str) -> None:
        if not self._take(token):
            raise ValueError(f"expected {token!r} but found {self._peek()!r} in {self._text!r}")


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: left == right,
    "<>": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def _compare(compare: Callable[[Any, Any], bool], left: Value | None, right: Value | None) -> bool:
    """A missing attribute or a different type compares as false, as in DynamoDB."""
    if left is None or right is None or left.keys() != right.keys():
        return False
    return compare(_plain(left), _plain(right))


def _plain(value: Value) -> Any:
    return float(value["N"]) if "N" in value else next(iter(value.values()))


def _add(left: Value | None, right: Value | None, sign: int) -> Value:
    if left is None or right is None or "N" not in left or "N" not in right:
        raise ValueError("An operand in the update expression has an incorrect data type")
    return {"N": str(int(left["N"]) + sign * int(right["N"]))}


def _append(first: Value | None, second: Value | None) -> Value:
    if first is None or second is None:
        raise ValueError("The provided expression refers to an attribute that does not exist in the item")
    return {"L": [*first["L"], *second["L"]]}
