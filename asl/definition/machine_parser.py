"""From the text of a definition to a `Definition`, or to the full list of its problems."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from asl.core.errors import DefinitionError
from asl.core.templates import Json, Template
from asl.definition.fields import GRAPH_FIELDS, MACHINE_FIELDS, PATH_STATE_FIELDS, STATE_FIELDS
from asl.definition.model import ChoiceState, Definition, FailState, Graph, Guarded, State, SucceedState
from asl.definition.reading import Fields
from asl.definition.state_parser import read_state

Object = dict[str, Json]


def parse_definition(source: str | Mapping[str, Json]) -> Definition:
    """Parse and validate; raises `DefinitionError` with every problem found."""
    data = _load(source)
    parser = _Parser(language=str(data.get("QueryLanguage", "JSONPath")))
    definition = parser.machine(data)
    if parser.problems:
        raise DefinitionError(parser.problems)
    return definition


def _load(source: str | Mapping[str, Json]) -> Object:
    try:
        data: Any = json.loads(source) if isinstance(source, str) else source
    except ValueError as error:
        raise DefinitionError([f"the definition is not JSON: {error}"]) from error
    if not isinstance(data, Mapping):
        raise DefinitionError(["the definition must be a JSON object"])
    return dict(cast(Mapping[str, Json], data))


@dataclass
class _Parser:
    language: str
    problems: list[str] = field(default_factory=list[str])
    names: set[str] = field(default_factory=set[str])
    jsonata: int = 0

    def machine(self, data: Object) -> Definition:
        if self.language not in ("JSONata", "JSONPath"):
            self.problems.append(f"The machine, field 'QueryLanguage': '{self.language}' is not a query language")
        machine = Fields(data, "The machine", self.problems)
        timeout = machine.number("TimeoutSeconds", None, 1, 99_999_999)
        if data.get("Version", "1.0") != "1.0":
            machine.complain("Version", "must be '1.0'")
        graph = self._graph(machine, MACHINE_FIELDS)
        if self.language == "JSONPath" and not self.jsonata:
            self.problems.clear()
            machine.complain("QueryLanguage", "this is a JSONPath machine; only JSONata machines are supported")
        else:
            _check_scopes(graph, frozenset(), self.problems)
        return Definition(graph, timeout)

    def _inner(self, data: Json, where: str) -> Graph:
        if not isinstance(data, dict):
            self.problems.append(f"{where}: must be an object")
            data = {}
        fields = Fields(cast(Object, data), where, self.problems)
        config: Any = fields.data.get("ProcessorConfig", {})
        mode = cast(Object, config).get("Mode", "INLINE") if isinstance(config, dict) else None
        if mode != "INLINE":
            fields.complain("ProcessorConfig/Mode", "only 'INLINE' is supported in Express workflows")
        return self._graph(fields, GRAPH_FIELDS)

    def _graph(self, fields: Fields, allowed: set[str]) -> Graph:
        fields.only(allowed)
        start, raw = fields.target("StartAt"), fields.data.get("States")
        if not isinstance(raw, dict) or not raw:
            fields.complain("States", "must be a non-empty object")
            raw = {}
        states: dict[str, State] = {}
        for name, data in cast(Object, raw).items():
            state = self._state(name, data)
            if state is not None:
                states[name] = state
        if len(states) == len(cast(Object, raw)):
            self._check(fields, Graph(start, states))
        return Graph(start, states)

    def _state(self, name: str, data: Json) -> State | None:
        where = f"State '{name}'"
        if name in self.names:
            self.problems.append(f"{where}: another state of the machine has the same name")
        self.names.add(name)
        if not 1 <= len(name) <= 80:
            self.problems.append(f"{where}: a name must have 1 to 80 characters")
        if not isinstance(data, dict):
            self.problems.append(f"{where}: must be an object")
            return None
        return self._typed_state(name, Fields(cast(Object, data), where, self.problems, self._language(data)))

    def _language(self, data: Any) -> str:
        language = str(data.get("QueryLanguage", self.language))
        self.jsonata += language == "JSONata"
        return language

    def _typed_state(self, name: str, fields: Fields) -> State | None:
        if fields.language == "JSONPath" and self.language == "JSONata":
            fields.complain("QueryLanguage", "a JSONata machine cannot have JSONPath states")
        kind = fields.data.get("Type")
        if not isinstance(kind, str) or kind not in STATE_FIELDS:
            fields.complain("Type", "must be one of " + ", ".join(sorted(STATE_FIELDS)))
            return None
        fields.only((STATE_FIELDS if fields.language == "JSONata" else PATH_STATE_FIELDS)[kind])
        return read_state(name, fields, self._inner)

    def _check(self, fields: Fields, graph: Graph) -> None:
        """Every target must exist, every state must be reachable, and some state must end the graph."""
        if graph.start and graph.start not in graph.states:
            fields.complain("StartAt", f"there is no state '{graph.start}'")
        for state in graph.states.values():
            for where, target in _targets(state):
                if target and target not in graph.states:
                    self.problems.append(f"State '{state.name}', field '{where}': there is no state '{target}'")
        for name in _unreached(graph):
            self.problems.append(f"State '{name}': cannot be reached")
        if graph.states and not any(map(_is_terminal, graph.states.values())):
            fields.complain("States", "no state ends it: one needs 'End': true or the type Succeed or Fail")


def _targets(state: State) -> Iterator[tuple[str, str]]:
    if isinstance(state, ChoiceState):
        yield from ((f"Choices[{index}]/Next", rule.next) for index, rule in enumerate(state.rules))
    if isinstance(state, Guarded):
        yield from ((f"Catch[{index}]/Next", catcher.next) for index, catcher in enumerate(state.catch))
    if state.next is not None:
        yield "Default" if isinstance(state, ChoiceState) else "Next", state.next


def _unreached(graph: Graph) -> list[str]:
    seen, waiting = set[str](), [graph.start]
    while waiting:
        name = waiting.pop()
        if name not in seen and name in graph.states:
            seen.add(name)
            waiting.extend(target for _, target in _targets(graph.states[name]))
    return [name for name in graph.states if name not in seen] if seen else []


def _is_terminal(state: State) -> bool:
    if isinstance(state, SucceedState | FailState):
        return True
    return not isinstance(state, ChoiceState) and state.next is None


def _check_scopes(graph: Graph, outer: frozenset[str], problems: list[str]) -> None:
    """A variable that is assigned on some way into a Map or Parallel can be read inside it, but not assigned."""
    for state in graph.states.values():
        for template in _assigns(state):
            for name in outer.intersection(template.source):
                problems.append(
                    f"State '{state.name}', field '{template.field}': "
                    f"the variable '{name}' is already assigned in an outer scope"
                )
    before = _assigned_before(graph)
    for state in graph.states.values():
        for inner in _graphs(state):
            _check_scopes(inner, outer | before.get(state.name, frozenset()), problems)


def _assigned_before(graph: Graph) -> dict[str, frozenset[str]]:
    """For each state, the variables that are assigned on some way into it, including loops through itself."""
    known: dict[str, frozenset[str]] = {}
    waiting = [graph.start]
    while waiting:
        name = waiting.pop()
        if name not in graph.states:
            continue
        for target, assign in _ways(graph.states[name]):
            names = known.get(name, frozenset()).union(() if assign is None else assign.source)
            if target not in known or not names <= known[target]:
                known[target] = known.get(target, frozenset()) | names
                waiting.append(target)
    return known


def _ways(state: State) -> Iterator[tuple[str, Template | None]]:
    """The transitions out of a state, each with its `Assign`."""
    if state.next is not None:
        yield state.next, state.assign
    if isinstance(state, ChoiceState):
        yield from ((rule.next, rule.assign) for rule in state.rules)
    if isinstance(state, Guarded):
        yield from ((catcher.next, catcher.assign) for catcher in state.catch)


def _assigns(state: State) -> list[Template]:
    found = [state.assign, *(assign for _, assign in _ways(state))]
    return list({id(template): template for template in found if template is not None}.values())


def _graphs(state: State) -> tuple[Graph, ...]:
    processor = getattr(state, "processor", None)
    return getattr(state, "branches", ()) if processor is None else (processor,)
