"""Compiles a syntax tree to nested Python functions, one per node.

Compiled code holds no state, so threads can share it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from asl.jsonata.compiler import calling, leaves, operators
from asl.jsonata.compiler.filters import compile_filter
from asl.jsonata.compiler.grouping import compile_group
from asl.jsonata.compiler.interface import NodeCompiler
from asl.jsonata.compiler.paths import compile_path
from asl.jsonata.compiler.transforming import compile_transform
from asl.jsonata.compiler.tree import Node, depth_of, has_type
from asl.jsonata.runtime.calls import Eval
from asl.jsonata.runtime.frame import MAX_DEPTH, Frame
from asl.jsonata.runtime.values import Sequence, Value, settle

_NODE_COMPILERS: Final[Mapping[str, NodeCompiler]] = {
    "string": leaves.compile_literal,
    "number": leaves.compile_literal,
    "value": leaves.compile_literal,
    "name": leaves.compile_name,
    "variable": leaves.compile_variable,
    "parent": leaves.compile_parent,
    "wildcard": leaves.compile_wildcard,
    "descendant": leaves.compile_descendant,
    "regex": leaves.compile_regex,
    "operator": leaves.refuse_operator,
    "binary": operators.compile_binary,
    "unary": operators.compile_unary,
    "condition": operators.compile_condition,
    "block": operators.compile_block,
    "bind": operators.compile_bind,
    "path": compile_path,
    "function": calling.compile_call,
    "lambda": calling.compile_lambda,
    "partial": calling.compile_partial,
    "apply": calling.compile_chain,
    "transform": compile_transform,
}
_SETTLED_TYPES: Final = frozenset({"path", "name", "wildcard", "descendant", "function", "apply", "parent"})


def compile_tree(tree: Node) -> Eval:
    """The function of a whole expression."""
    return _TreeCompiler(_needs_counting(tree)).compile(tree)


def _needs_counting(tree: Node) -> bool:
    """Whether the depth bound can matter: only if a function can call itself, or the text itself nests that deep."""
    return has_type(tree, "lambda") or depth_of(tree) > MAX_DEPTH


@dataclass(frozen=True, slots=True)
class _TreeCompiler:
    counting: bool

    def compile(self, node: Node) -> Eval:
        run = _NODE_COMPILERS[node.type](self, node)
        for predicate in node.predicate or ():
            run = _filtered(run, compile_filter(self, predicate.expr))
        if node.group is not None and node.type != "path":
            run = _grouped(run, compile_group(self, node.group))
        run = _settled(run, bool(node.keep_array)) if _may_be_sequence(node) else run
        return _counted(run) if self.counting else run


def _may_be_sequence(node: Node) -> bool:
    return node.type in _SETTLED_TYPES or bool(node.predicate) or bool(node.keep_array)


def _settled(run: Eval, keep: bool) -> Eval:
    def settled(context: Value, env: Frame) -> Value:
        value = run(context, env)
        return settle(value, keep) if type(value) is Sequence else value

    return settled


def _counted(run: Eval) -> Eval:
    def counted(context: Value, env: Frame) -> Value:
        scratch = env.scratch
        scratch.enter()
        value = run(context, env)
        scratch.depth -= 1
        return value

    return counted


def _filtered(run: Eval, keep: Callable[[Value, Frame], Value]) -> Eval:
    return lambda context, env: keep(run(context, env), env)


def _grouped(run: Eval, group: Eval) -> Eval:
    return lambda context, env: group(run(context, env), env)
