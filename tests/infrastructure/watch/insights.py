"""A small Logs Insights: it runs the part of the query language that the saved queries use, and refuses all else.

Written from https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html. The emulator and moto know
less: they take a filter that they do not understand for one that lets everything pass.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Row = dict[str, Any]
MOST_FIELDS = 200  # that Logs Insights finds in a line: CWL_AnalyzeLogData-discoverable-fields.html
OWN = frozenset({"@timestamp", "@message", "@log", "@logStream", "@ptr", "@ingestionTime"})
_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:\\.|[^"\\])*")|(?P<pattern>/(?:\\.|[^/\\])+/)|(?P<span>\d+(?:ms|s|m|h|d)\b)"""
    r"""|(?P<number>\d+(?:\.\d+)?)|(?P<name>[@A-Za-z_][\w.@]*)|(?P<sign><=|>=|!=|[=<>()\[\],*]))"""
)
_SPANS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


class NoQuery(Exception):
    """This is not a query, as far as this module knows the language."""


class Token(NamedTuple):
    kind: str
    value: str


@dataclass
class Query:
    """A parsed query. `named` are the fields of lines that it names."""

    steps: list[Callable[[list[Row]], list[Row]]] = field(default_factory=list[Callable[[list[Row]], list[Row]]])
    named: set[str] = field(default_factory=set[str])

    def run(self, rows: Iterable[Row]) -> list[Row]:
        found = list(rows)
        for step in self.steps:
            found = step(found)
        return found


def row(message: str, timestamp: int, log: str = "") -> Row:
    """A line of a log with the fields that Logs Insights finds in it: those of JSON, however deep."""
    found: Row = {"@message": message, "@timestamp": timestamp, "@log": log}
    try:
        parsed = json.loads(message)
    except ValueError:
        return found
    flat = dict(_flat(parsed, "")) if isinstance(parsed, dict) else {}
    assert len(flat) <= MOST_FIELDS, f"{len(flat)} fields: Logs Insights does not see all of {message[:200]}"
    return found | flat


def _flat(value: Any, path: str) -> Iterable[tuple[str, Any]]:
    parts = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else None
    if parts is None:
        return [(path, value)]
    return [pair for name, one in parts for pair in _flat(one, f"{path}.{name}" if path else str(name))]


def parse(text: str) -> Query:
    """The query in the text; `NoQuery` if it is none."""
    query = Query()
    aliases: set[str] | None = None  # after stats, nothing else is left
    for part in _parts(text):
        reader = _Reader(part, query, aliases)
        step, made = reader.command()
        query.steps.append(step)
        aliases = made if made is not None else aliases
    return query


def _parts(text: str) -> list[list[Token]]:
    parts: list[list[Token]] = [[]]
    at = 0
    while at < len(text.rstrip()):
        if text[at:].lstrip().startswith("|"):
            parts.append([])
            at = text.index("|", at) + 1
            continue
        found = _TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            raise NoQuery(f"{text[at : at + 30]!r} in {text!r}")
        parts[-1].append(Token(found.lastgroup, found[found.lastgroup]))
        at = found.end()
    return parts


Value = Callable[[Row], Any]


class _Reader:
    """Reads one command."""

    def __init__(self, tokens: Sequence[Token], query: Query, aliases: set[str] | None) -> None:
        self._tokens = list(tokens)
        self._query = query
        self._aliases = aliases

    def command(self) -> tuple[Callable[[list[Row]], list[Row]], set[str] | None]:
        name = self._take("name")
        readers = {"fields": self._shown, "display": self._shown, "filter": self._filter, "stats": self._stats}
        readers |= {"sort": self._sort, "limit": self._limit}
        if name not in readers:
            raise NoQuery(f"there is no command {name}")
        made = readers[name]()
        if self._tokens:
            raise NoQuery(f"{self._tokens[0].value!r} is left of {name}")
        return made

    def _shown(self) -> Any:
        """What is shown says nothing about what later commands may name."""
        for _ in self._list(lambda: self._field(self._take("name"))):
            pass
        return (lambda rows: rows), None

    def _filter(self) -> Any:
        wanted = self._either()
        return (lambda rows: [one for one in rows if wanted(one)]), None

    def _limit(self) -> Any:
        most = int(self._take("number"))
        return (lambda rows: rows[:most]), None

    def _sort(self) -> Any:
        keys = self._list(self._key)

        def step(rows: list[Row]) -> list[Row]:
            for value, descending in reversed(keys):
                rows = sorted(rows, key=lambda one: _natural(value(one)), reverse=descending)
            return rows

        return step, None

    def _key(self) -> tuple[Value, bool]:
        value = self._field(self._take("name"))
        direction = self._take("name") if self._peek("name", "asc", "desc") else "asc"
        return value, direction == "desc"

    def _stats(self) -> Any:
        columns = self._list(self._column)
        groups: list[tuple[str, Value]] = []
        if self._peek("name", "by"):
            self._take("name")
            groups = self._list(self._group)

        def step(rows: list[Row]) -> list[Row]:
            found: dict[tuple[Any, ...], list[Row]] = {}
            for one in rows:
                found.setdefault(tuple(value(one) for _, value in groups), []).append(one)
            return [
                dict(zip((name for name, _ in groups), key, strict=True)) | {name: made(of) for name, made in columns}
                for key, of in found.items()
            ]

        return step, {name for name, _ in (*groups, *columns)}

    def _group(self) -> tuple[str, Value]:
        name = self._take("name")
        if name != "bin":
            return name, self._field(name)
        self._sign("(")
        amount = self._take("span")
        self._sign(")")
        unit = amount.lstrip("0123456789")
        width = int(amount.removesuffix(unit)) * _SPANS[unit]
        return f"bin({amount})", lambda one: one["@timestamp"] // width * width

    def _column(self) -> tuple[str, Callable[[list[Row]], Any]]:
        function = self._take("name")
        if function not in _AGGREGATES:
            raise NoQuery(f"there is no aggregate {function}")
        self._sign("(")
        value: Value = self._all() if self._peek("sign", "*") else self._field(self._take("name"))
        self._sign(")")
        if self._take("name") != "as":
            raise NoQuery(f"{function} has no name")
        return self._take("name"), lambda rows: _AGGREGATES[function](rows, value)

    def _all(self) -> Value:
        self._sign("*")
        return lambda _: 1

    def _either(self) -> Value:
        sides = [self._both()]
        while self._peek("name", "or"):
            self._take("name")
            sides.append(self._both())
        return lambda one: any(side(one) for side in sides)

    def _both(self) -> Value:
        sides = [self._condition()]
        while self._peek("name", "and"):
            self._take("name")
            sides.append(self._condition())
        return lambda one: all(side(one) for side in sides)

    def _condition(self) -> Value:
        name = self._take("name")
        if name == "ispresent":
            self._sign("(")
            present = self._field(self._take("name"))
            self._sign(")")
            return lambda one: present(one) is not None
        value = self._field(name)
        operator = self._tokens.pop(0).value if self._tokens else ""
        if operator == "in":
            self._sign("[")
            choices = self._list(lambda: json.loads(self._take("text")))
            self._sign("]")
            return lambda one: value(one) in choices
        if operator == "like":
            matches = self._pattern()
            return lambda one: value(one) is not None and matches(str(value(one)))
        if operator == "=":
            expected = json.loads(self._take("text"))
            return lambda one: value(one) is not None and str(value(one)) == expected
        raise NoQuery(f"there is no operator {operator!r}")

    def _pattern(self) -> Callable[[str], bool]:
        if self._peek("pattern"):
            compiled = re.compile(self._take("pattern")[1:-1])
            return lambda text: compiled.search(text) is not None
        part = json.loads(self._take("text"))
        return lambda text: part in text

    def _field(self, name: str) -> Value:
        if self._aliases is None:
            self._query.named.add(name)
        elif name not in self._aliases:
            raise NoQuery(f"{name} is gone after stats")
        return lambda one: one.get(name)

    def _list(self, read: Callable[[], Any]) -> list[Any]:
        found = [read()]
        while self._peek("sign", ","):
            self._sign(",")
            found.append(read())
        return found

    def _peek(self, kind: str, *values: str) -> bool:
        return bool(self._tokens) and self._tokens[0].kind == kind and (not values or self._tokens[0].value in values)

    def _take(self, kind: str) -> str:
        if not self._peek(kind):
            raise NoQuery(f"a {kind} is missing before {[one.value for one in self._tokens[:3]]}")
        return self._tokens.pop(0).value

    def _sign(self, value: str) -> None:
        if not self._peek("sign", value):
            raise NoQuery(f"{value} is missing before {[one.value for one in self._tokens[:3]]}")
        self._tokens.pop(0)


def _natural(value: Any) -> tuple[int, float, str]:
    """What is no number comes before what is one: CWL_QuerySyntax-Sort.html."""
    try:
        return 1, float(value), ""
    except (TypeError, ValueError):
        return 0, 0.0, "" if value is None else str(value)


def _known(rows: list[Row], value: Value) -> list[Any]:
    return [found for one in rows if (found := value(one)) is not None]


def _last(rows: list[Row], value: Value) -> Any:
    having = [one for one in rows if value(one) is not None]
    return value(max(having, key=lambda one: one["@timestamp"])) if having else None


_AGGREGATES: Mapping[str, Callable[[list[Row], Value], Any]] = {
    "count": lambda rows, value: len(_known(rows, value)),
    "count_distinct": lambda rows, value: len(set(_known(rows, value))),
    "latest": _last,
    "max": lambda rows, value: max(_known(rows, value), default=None),
    "sum": lambda rows, value: sum(_known(rows, value)),
}
