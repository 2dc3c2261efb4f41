"""Derivatives applied to something: H v, J v and u^T J, without the Hessian H or the Jacobian J.

    hvp   the gradient of <gradient, v>                       a scalar output; one v shaped like each variable
    jvp   the gradient by u of <gradient of <u, y>, v>        v likewise; all variables move together
    vjp   the gradient of <u, y>                              one u shaped like the output y
    solve the x with H x = v, where the structure of the Hessian H gives it (`derive.solve`); one v shaped like the only variable

<a, b> is the sum of the products of entries.  Each is one or two reverse sweeps (`derive`), so the work grows as that of the
function itself.  The sweep by u is the transpose of a linear map (Bradbury et al., "JAX", 2018: `linear_transpose`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from matdiff.derive.structure import curvature, in_own_space
from matdiff.derive.sweep import derive
from matdiff.infer.infer import Typed
from matdiff.language.dims import Shape
from matdiff.language.errors import BadDirection
from matdiff.language.kinds import Variable, declared_kind
from matdiff.language.queries import shape_of
from matdiff.laws.simplify import rebuild, simplify
from matdiff.tensor import build
from matdiff.tensor.lower import axes_of, variable_tensor
from matdiff.tensor.nodes import Tensor

KINDS = ("hvp", "jvp", "vjp")
SOLVE = "solve"
# The derivative of a scalar tensor by a variable, in the variable's own space.
Gradient = Callable[[Tensor, str], Tensor]


class Along(NamedTuple):
    """What a derivative is applied to: `names` are v for each variable (hvp, jvp), or u alone (vjp)."""

    kind: str
    names: tuple[str, ...]


class Applied(NamedTuple):
    """A derivative by the variables `wrt` applied to directions: its value and its kind."""

    wrt: tuple[str, ...]
    tensor: Tensor


class Curved(NamedTuple):
    """A variable whose space turns with it: its node while differentiating, what it is afterwards, its property."""

    variable: Tensor
    value: Tensor
    property: str

    def plain(self, tensor: Tensor) -> Tensor:
        """The derivative as if it had no structure."""
        return simplify(derive(tensor, self.variable))

    def tangent(self, direction: Tensor) -> Tensor:
        """The part of a direction in which it can move."""
        return in_own_space(direction, 0, self.property, "project", self.value)

    def hessian(self, output: Tensor, slope: Tensor, direction: Tensor) -> Tensor:
        """The covariant derivative of the gradient of `output` in a direction in which it can move; `slope` is <plain gradient, v>."""
        bent = build.einsum([(curvature(self.plain(output), 0, self.variable), (0, 1, 2, 3)), (direction, (2, 3))], (0, 1))
        whole = build.add([(1, self.plain(slope)), (1, bent)], bent.dims)
        return simplify(in_own_space(whole, 0, self.property, "project", self.variable))


def directions(along: Along, typed: Typed, names: Sequence[str], declared: Mapping[str, Variable]) -> dict[str, Variable]:
    """The directions as variables.  Raises BadDirection where a name cannot be one."""
    if along.kind == "hvp" and any(not dim.is_one for dim in shape_of(typed.expr)):
        raise BadDirection(kind=along.kind, problem="output", found=shape_of(typed.expr))
    shapes: list[tuple[str, Shape]] = [(name, typed.variables[name].shape) for name in names]
    if along.kind == "vjp":
        shapes = [("the output", shape_of(typed.expr))]
    if len(along.names) != len(shapes):
        raise BadDirection(kind=along.kind, problem="count", names=along.names, of=tuple(name for name, _ in shapes))
    found: dict[str, Variable] = {}
    for name, (of, shape) in zip(along.names, shapes, strict=True):
        known = found.get(name) or typed.variables.get(name) or declared.get(name)
        if name in typed.definitions or (known is not None and known.shape != shape):
            wrong = shape_of(typed.definitions[name]) if known is None else known.shape
            raise BadDirection(kind=along.kind, problem="shape", names=(name,), of=(of,), found=wrong, wanted=shape)
        found[name] = known or Variable(name, declared_kind(shape), shape, None, "inferred")
    return found


def applied(
    along: Along,
    output: Tensor,
    names: Sequence[str],
    found: Mapping[str, Variable],
    gradient: Gradient,
    curved: Mapping[str, Curved],
) -> list[Applied]:
    """The results; `gradient` differentiates a scalar by a variable, `curved` are those whose space turns with them."""
    # While differentiating, a direction is a symbol of its own, even where it has the name of a variable.
    symbols = [build.placeholder(name, axes_of(found[name].shape)) for name in along.names]
    back: dict[Tensor, Tensor] = {symbol: variable_tensor(found[name]) for symbol, name in zip(symbols, along.names, strict=True)}
    if along.kind == "hvp":  # it acts on the part of a direction in which the variable can move
        for symbol, name in zip(symbols, names, strict=True):
            back[symbol] = curved[name].tangent(back[symbol]) if name in curved else back[symbol]
    if along.kind == "vjp":
        results = [Applied((name,), gradient(_inner(symbols[0], output), name)) for name in names]
    elif along.kind == SOLVE:
        from matdiff.derive.solve import solution  # needed only for code

        (name,), (symbol,) = names, symbols
        solved = solution(gradient(gradient(output, name), name), symbol)
        results = [] if solved is None else [Applied((name,), solved)]
    elif along.kind == "hvp":
        slope = _moved(
            output, names, symbols, lambda tensor, name: curved[name].plain(tensor) if name in curved else gradient(tensor, name)
        )
        results = [
            Applied((name,), curved[name].hessian(output, slope, symbol) if name in curved else gradient(slope, name))
            for name, symbol in zip(names, symbols, strict=True)
        ]
    else:
        weight = build.placeholder("weight", output.dims)
        slope = _moved(_inner(weight, output), names, symbols, gradient)
        results = [Applied(tuple(names), simplify(derive(slope, weight)))]
    return [Applied(wrt, rebuild(tensor, back)) for wrt, tensor in results]


def _moved(scalar: Tensor, names: Sequence[str], symbols: Sequence[Tensor], gradient: Gradient) -> Tensor:
    """The change of a scalar when every variable moves along its direction."""
    terms = [_inner(gradient(scalar, name), symbol) for name, symbol in zip(names, symbols, strict=True)]
    return simplify(build.add([(1, term) for term in terms], ()))


def _inner(left: Tensor, right: Tensor) -> Tensor:
    """The sum of the products of entries in the same place."""
    axes = tuple(range(left.order))
    return build.einsum([(left, axes), (right, axes)], ())
