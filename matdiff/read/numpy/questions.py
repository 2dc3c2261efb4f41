"""What a text asks: the derivatives that JAX and PyTorch write; and the names that stand for several arrays."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from matdiff.read.numpy.source import decorates_silently, last_name
from matdiff.read.numpy.statements import Function

# Functions that give derivatives, and their order.
_ORDERS = {"grad": 1, "value_and_grad": 1, "jacobian": 1, "jacfwd": 1, "jacrev": 1, "hessian": 2, "elementwise_grad": 1}
_ATTRIBUTES = frozenset(
    "T mT H I shape size ndim logabsdet grad data real dtype device at flat imag itemsize nbytes names values keys items".split()
)


class Derivative(NamedTuple):
    """`grad(function, argnums=places)(*call.args)`, where `call` is None if it is not called; or of a `value` by names."""

    function: Function | None
    places: tuple[int, ...] = (0,)
    order: int = 1
    call: ast.Call | None = None
    value: ast.expr | None = None
    by: tuple[str, ...] = ()


def derivative(node: ast.expr, functions: Mapping[str, Function], gradients: Mapping[str, ast.expr]) -> Derivative | None:
    """The derivative that an expression is; None where it is another one."""
    if not isinstance(node, ast.Call):
        return None
    whole = _function(node, functions, gradients)
    if whole is not None:
        return whole
    inner = node.func
    found = _function(
        gradients[inner.id] if isinstance(inner, ast.Name) and inner.id in gradients else inner, functions, gradients
    )
    if found is not None:
        return found._replace(call=node)
    if last_name(node) == "grad" and "autograd" in ast.unparse(node.func) and len(node.args) == 2:
        names = node.args[1].elts if isinstance(node.args[1], (ast.Tuple, ast.List)) else [node.args[1]]
        by = tuple(name.id for name in names if isinstance(name, ast.Name))
        return Derivative(None, value=node.args[0], by=by) if len(by) == len(names) else None
    return None


def _function(node: ast.expr, functions: Mapping[str, Function], gradients: Mapping[str, ast.expr]) -> Derivative | None:
    """jax.grad(f), jax.jit(jax.grad(f, argnums=1))."""
    if not isinstance(node, ast.Call) or not node.args or isinstance(node.func, ast.Call):
        return None
    name, inner = last_name(node), node.args[0]
    if len(node.args) == 1 and decorates_silently(node.func):
        named = isinstance(inner, ast.Name) and inner.id in gradients
        return _function(gradients[inner.id] if named and isinstance(inner, ast.Name) else inner, functions, gradients)
    if name not in _ORDERS or name in functions:
        return None
    deeper = _function(inner, functions, gradients)
    if deeper is not None:
        return deeper._replace(order=deeper.order + _ORDERS[name])
    while isinstance(inner, ast.Call) and len(inner.args) == 1 and decorates_silently(inner.func):
        inner = inner.args[0]
    function = inner if isinstance(inner, ast.Lambda) else functions.get(inner.id) if isinstance(inner, ast.Name) else None
    if function is None:
        return None
    given = [keyword.value for keyword in node.keywords if keyword.arg == "argnums"] or node.args[1:2]
    places = _places(given[0]) if given else (0,)
    return Derivative(function, places, _ORDERS[name]) if places else None


def _places(node: ast.expr) -> tuple[int, ...]:
    parts = node.elts if isinstance(node, (ast.Tuple, ast.List)) else [node]
    found = [part.value for part in parts if isinstance(part, ast.Constant) and type(part.value) is int]
    return tuple(found) if len(found) == len(parts) else ()


def bundles_of(nodes: Iterable[ast.AST], imported: Mapping[str, str]) -> tuple[frozenset[str], frozenset[str]]:
    """Names of which parts are taken, `self.W` and `params["W"]`; and those that are unpacked, `W, b = params`."""
    listed = list(nodes)
    found, unpacked = {"self", "cls"}, set[str]()
    called = {id(node.func) for node in listed if isinstance(node, ast.Call)}
    arguments = {node.arg for node in listed if isinstance(node, ast.arg)}
    for node in listed:
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
            if isinstance(node.value, ast.Name):
                found.add(node.value.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and id(node) not in called:
            if node.attr not in _ATTRIBUTES and node.value.id in arguments and node.value.id not in imported:
                found.add(node.value.id)
        elif (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Name)
            and isinstance(node.targets[0], (ast.Tuple, ast.List))
        ):
            unpacked.add(node.value.id)
    return frozenset(found), frozenset(unpacked)
