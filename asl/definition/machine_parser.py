"""From the text of a definition to a `Definition`, or to the full list of its problems."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from asl.core.errors import DUPLICATE, NOT_JSON, SCHEMA, STATE_NAME, UNSUPPORTED, DefinitionError, Problem
from asl.core.templates import Json
from asl.definition.fields import DISTRIBUTED_FIELDS, MACHINE_FIELDS, PATH_STATE_FIELDS, STATE_FIELDS
from asl.definition.graphs import check_end, check_reach, check_scopes, check_targets
from asl.definition.model import Definition, Graph, State
from asl.definition.reading import Fields
from asl.definition.state_parser import read_state

Object = dict[str, Json]


def parse_definition(source: str | Mapping[str, Json], kind: str = "EXPRESS") -> Definition:
    """Parse and validate; raises `DefinitionError` with every problem found in a machine of this kind."""
    data = _load(source)
    parser = _Parser(language=_language(data, "JSONPath"), kind=kind)
    definition = parser.machine(data)
    if parser.problems:
        raise DefinitionError(parser.problems)
    return definition


def _load(source: str | Mapping[str, Json]) -> Object:
    try:
        data: Any = json.loads(source) if isinstance(source, str) and source.strip() else source
    except ValueError as error:
        raise DefinitionError([Problem(NOT_JSON, str(error))]) from error
    if not isinstance(data, Mapping):
        raise DefinitionError([Problem(SCHEMA, "Definition must be a valid JSON object")])
    return dict(cast(Mapping[str, Json], data))


def _language(data: Mapping[str, Json], inherited: str) -> str:
    """Any other value than "JSONPath" is reported, and means JSONata nevertheless."""
    return "JSONPath" if data.get("QueryLanguage", inherited) == "JSONPath" else "JSONata"


@dataclass
class _Parser:
    language: str
    kind: str
    problems: list[Problem] = field(default_factory=list[Problem])
    names: set[str] = field(default_factory=set[str])
    jsonata: int = 0

    def machine(self, data: Object) -> Definition:
        machine = Fields(data, "", self.problems)
        machine.choice("QueryLanguage", "JSONPath", "JSONata")
        machine.choice("Version", "1.0")
        timeout = machine.number("TimeoutSeconds", None, 1, 99_999_999)
        graph = self._graph(machine, MACHINE_FIELDS)
        if self.language == "JSONPath" and self.names and not self.jsonata:
            self.problems.clear()
            message = "This runner does not support machines in JSONPath alone; only those with JSONata states"
            machine.complain(message, "QueryLanguage", code=UNSUPPORTED)
        else:
            self.problems += check_scopes(graph, frozenset())
        return Definition(graph, timeout, self.kind)

    def _graph(self, fields: Fields, allowed: set[str]) -> Graph:
        fields.only(allowed)
        fields.require("States", "StartAt")
        start, raw = fields.text("StartAt"), fields.data.get("States", {})
        if not isinstance(raw, dict):
            fields.expected("States", dict)
            raw = {}
        elif not raw and "States" in fields:
            fields.complain("Value cannot be empty", "States")
        whole = fields.part(raw, "States")
        states = {name: self._state(name, data, whole) for name, data in cast(Object, raw).items()}
        graph = Graph(start, {name: state for name, state in states.items() if state is not None})
        if states and len(graph.states) == len(states):
            self._check(fields, graph)
        return graph

    def _check(self, fields: Fields, graph: Graph) -> None:
        """AWS looks for the end of the whole machine only, and for lost states only if it has one."""
        where = f"{fields.where}/{fields.path}"
        endless = check_end(graph) if where == "/" else []
        self.problems += check_targets(graph, where) + (endless or check_reach(graph, where))

    def _state(self, name: str, data: Json, states: Fields) -> State | None:
        if not isinstance(data, dict):
            states.expected(name, dict)
            return None
        language = _language(cast(Object, data), self.language)
        self.jsonata += language == "JSONata"
        where = f"{states.where}/{states.path}{name}"
        fields = Fields(cast(Object, data), where, self.problems, language, kind=self.kind)
        self._check_name(name, fields)
        return self._typed_state(name, fields)

    def _check_name(self, name: str, fields: Fields) -> None:
        if name in self.names:
            fields.complain(f"Duplicate State name: {name}", code=DUPLICATE)
        self.names.add(name)
        if not name:
            fields.complain("Invalid State name: State has no name", code=STATE_NAME)
        if len(name) > 80:
            message = "Invalid State name: State exceeds the 80-character limit allowed by the service"
            fields.complain(message, code=STATE_NAME)

    def _typed_state(self, name: str, fields: Fields) -> State | None:
        fields.require("Type")
        kind = fields.text("Type")
        if kind not in STATE_FIELDS:
            if kind:
                fields.complain(f"Value should be one of the following: [{', '.join(STATE_FIELDS)}]", "Type")
            return None
        fields.choice("QueryLanguage", "JSONPath", "JSONata")
        allowed = STATE_FIELDS[kind] if fields.language == "JSONata" else PATH_STATE_FIELDS[kind]
        if fields.language == "JSONPath" and self.language == "JSONata":
            fields.complain("'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine")
            allowed = allowed | STATE_FIELDS[kind]
        fields.only(allowed, ignored=DISTRIBUTED_FIELDS if kind == "Map" else ())
        return read_state(name, fields, self._graph)
