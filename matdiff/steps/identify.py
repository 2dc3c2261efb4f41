"""From a differential such as `tr(dX^T A X) + tr(X^T A dX)` to `G : dX`, one operation after the other moved to the other side.

Every operation L between the whole and dX has an adjoint: (G, L(U)) = (L*(G), U).  The adjoints are found by `derive`; here stands
what each is called and in which order the moves are shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from matdiff.derive.sweep import derive
from matdiff.functions import row_of, word_of
from matdiff.language import make
from matdiff.language.dims import SCALAR, Shape
from matdiff.language.kinds import kind_of
from matdiff.language.queries import is_scalar, shape_of, values_of
from matdiff.language.syntax import Expr
from matdiff.laws.simplify import rebuild, simplify
from matdiff.recover.graph import Irreducible
from matdiff.recover.recover import Recovery
from matdiff.steps import laws
from matdiff.steps.build import negated, plus, times, transposed
from matdiff.steps.derivation import Law
from matdiff.tensor import build
from matdiff.tensor.lift import Lift
from matdiff.tensor.lower import axes_of
from matdiff.tensor.nodes import Tensor

Path = tuple[int, ...]
# Names that no user can write.
_PLACE, _MOVED = "the place", "the change"
_MOST_OCCURRENCES = 40


class Stage(NamedTuple):
    """The whole as a sum of pairings, and the laws that lead to it."""

    right: Expr
    laws: tuple[Law, ...]


class Form:
    """An expression that is linear in the differential of one variable.

    values     the tensors of its names, `restored` those of the structured ones
    """

    def __init__(
        self, expr: Expr, change: Expr, values: Mapping[str, Tensor], restored: Mapping[Tensor, Tensor], recovery: Recovery
    ) -> None:
        self.expr, self.change, self.recovery = expr, change, recovery
        self.values, self.restored = dict(values), restored
        self.counts: dict[int, int] = {}
        self.paths = list(self._paths()) if self._count(expr) <= _MOST_OCCURRENCES else []

    # --- occurrences -----------------------------------------------------------------------------------------------------

    def _count(self, node: Expr) -> int:
        """How often the differential stands below."""
        if id(node) not in self.counts:
            own = int(node == self.change)
            self.counts[id(node)] = own or sum(self._count(arg) for arg in _values(node))
        return self.counts[id(node)]

    def _paths(self) -> list[Path]:
        found: list[Path] = []
        stack: list[tuple[Expr, Path]] = [(self.expr, ())]
        while stack:
            node, path = stack.pop()
            if node == self.change:
                found.append(path)
                continue
            inner = [(arg, (*path, place)) for place, arg in enumerate(node.args) if arg.shape is not None and self._count(arg)]
            stack.extend(reversed(inner))
        return found

    def _nodes(self, path: Path) -> list[Expr]:
        nodes = [self.expr]
        for place in path:
            nodes.append(nodes[-1].args[place])
        return nodes

    # --- stages ----------------------------------------------------------------------------------------------------------

    def stages(self) -> list[Stage]:
        """The forms between the expression and the sum of G : dX, that one included; none where one has no matrix notation."""
        if not self.paths:
            return []
        stops = [self._stops(path) for path in self.paths]
        found: list[Stage] = []
        for number in range(max(map(len, stops))):
            terms = []
            used: dict[Law, None] = {}
            for path, own in zip(self.paths, stops):
                here, before = own[min(number, len(own) - 1)], own[number - 1] if 0 < number < len(own) else 0
                try:
                    terms.append(self._paired(path[:here]))
                except Irreducible:
                    return found
                if number < len(own):
                    used.update(dict.fromkeys(_laws_between(self._nodes(path), before, here)))
            kept = [term for term in terms if not _is_nothing(term)] or terms[:1]
            found.append(Stage(plus(kept, shape_of(self.expr)), tuple(used)))
        return found

    def _stops(self, path: Path) -> list[int]:
        """How far down the path each stage goes."""
        nodes = self._nodes(path)
        ends = [len(path)]
        if is_scalar(self.expr):
            inner = [
                depth
                for depth in range(1, len(path))
                if not _is_plain(nodes[depth - 1]) and self._count(nodes[depth]) == 1 and nodes[depth].op not in ("neg", "'")
            ]
            ends = [*(depth for depth in inner if not is_scalar(nodes[depth])), len(path)]
        return ends

    def _paired(self, path: Path) -> Expr:
        """The term of one occurrence as (G, U), where U stands at the path."""
        part = self._nodes(path)[-1]
        return pairing(self._gradient(path, part), part, shape_of(self.expr))

    def _gradient(self, path: Path, part: Expr) -> Expr:
        """The derivative of the whole by the part at the path, in matrix notation."""
        dims = axes_of(shape_of(part))
        place, moved = build.symbol(_PLACE, dims), build.symbol(_MOVED, axes_of(shape_of(self.change)))
        lowering = Lift({**self.values, _PLACE: place, _MOVED: moved})
        whole = lowering.value(self._with_place(self.expr, path, shape_of(part)))
        slope = rebuild(simplify(derive(whole, place)), self.restored)
        return self.recovery.expr(slope)

    def _with_place(self, node: Expr, path: Path, shape: Shape) -> Expr:
        """The expression with a name at the path, and names for the differentials elsewhere.

        Of a sum only the term on the path is kept: the others have no part in the derivative by the place, and the product rule
        makes as many terms as there are factors, each of which would be read again for every one of them.
        """
        if not path:
            return make.name(_PLACE, shape)
        if node.op == "+" and node.args[path[0]].shape == node.shape:
            return self._with_place(node.args[path[0]], path[1:], shape)
        args = list(node.args)
        for place, arg in enumerate(node.args):
            if place == path[0]:
                args[place] = self._with_place(arg, path[1:], shape)
            elif arg.shape is not None and self._count(arg):
                args[place] = self._renamed(arg)
        return node.replace(args=tuple(args))

    def _renamed(self, node: Expr) -> Expr:
        if node == self.change:
            return make.name(_MOVED, shape_of(node))
        args = tuple(self._renamed(arg) if arg.shape is not None and self._count(arg) else arg for arg in node.args)
        return node.replace(args=args)


def _is_nothing(term: Expr) -> bool:
    """Whether it is a product with zeros: mean(x - mean(x)) is 0."""
    return term.op == "zeros" or (term.op in ("*", ":", "neg", "'") and any(map(_is_nothing, term.args)))


def _values(node: Expr) -> tuple[Expr, ...]:
    return tuple(arg for arg in values_of(node) if arg.shape is not None)


def pairing(slope: Expr, part: Expr, shape: Shape) -> Expr:
    """The slope applied to a change: G : U, g^T u, J u.  `shape` is that of the value."""
    sign = slope.op == "neg"
    body = slope.args[0] if sign else slope
    value, moved = kind_of(shape), kind_of(shape_of(part))
    if value == "scalar" and moved == "matrix":
        product = Expr(":", (body, part), shape=SCALAR)
    elif value == "scalar" and moved == "vector":
        product = times([transposed(body), part], SCALAR)
    elif value == "scalar" and moved == "row":
        product = times([part, body], SCALAR)
    elif value == "row":
        product = transposed(times([body, transposed(part) if moved == "row" else part], shape[::-1]))
    else:
        product = times([body, transposed(part) if moved == "row" else part], shape)
    return negated(product) if sign else product


# --- the names of the moves -----------------------------------------------------------------------------------------------


def _laws_between(nodes: list[Expr], start: int, end: int) -> list[Law]:
    """The laws that move the operations nodes[start] ... nodes[end - 1] to the other side."""
    found: list[Law] = []
    depth = start
    while depth < end:
        node, inner = nodes[depth], nodes[depth + 1]
        if node.op == "tr":
            depth += 1
            inside = False
            while depth < end and nodes[depth].op in ("*", "'", "neg"):
                inside |= nodes[depth].op == "*" and nodes[depth + 1] not in (nodes[depth].args[0], nodes[depth].args[-1])
                depth += 1
            found += [laws.law("cyclic trace"), laws.law("trace")] if inside else [laws.law("trace")]
            continue
        if node.op in ("sum", "mean") and inner.op == ".*" and depth + 1 < end:
            matrix = kind_of(shape_of(inner)) == "matrix"
            found.append(laws.law(f"{node.op} of matrix products" if matrix else f"{node.op} of products"))
            depth += 2
            continue
        move = _move(node, inner, scalar_whole=is_scalar(nodes[0]))
        if move is not None:
            found.append(move)
        depth += 1
    return found


def _move(node: Expr, inner: Expr, scalar_whole: bool) -> Law | None:
    kinds = kind_of(shape_of(node)), kind_of(shape_of(inner))
    if not scalar_whole:
        if node.op in (".*", "./") and kinds[0] == "vector":
            return laws.law("hadamard as diagonal")
        return None
    if node.op == "sum":
        return laws.law("sum of a matrix" if kinds[1] == "matrix" else "sum")
    if node.op == "*":
        return _move_of_product(node, inner, kinds)
    if node.op == "'":
        key = {"matrix": "frobenius of a transpose", "scalar": ""}.get(kinds[0], "scalar transpose")
    elif node.op in (".*", "./"):
        key = {"matrix": "hadamard in frobenius", "vector": "hadamard between vectors"}.get(kinds[0], "")
    elif node.op == "diag":
        key = "diagonal of a vector" if kinds[0] == "matrix" else "diagonal of a matrix"
    elif node.op == "vec":
        key = "vec"
    elif row_of(node.op).form == "frechet":
        return laws.law_of_adjoint(node)
    else:
        return None if _is_plain(node) else Law(f"adjoint of {word_of(node.op)}")
    return laws.law(key) if key else None


def _is_plain(node: Expr) -> bool:
    """Whether an operation is moved together with the products around it."""
    return node.op in ("*", "'", "neg", "+", "/") or (row_of(node.op).is_linear and is_scalar(node))


def _move_of_product(node: Expr, inner: Expr, kinds: tuple[str, str]) -> Law | None:
    arrays = [factor for factor in node.args if not is_scalar(factor)]
    if kinds[1] == "matrix":
        if kinds[0] != "matrix":
            return laws.law("matrix between vectors")
        return laws.law("frobenius of a product" if arrays[-1] is inner else "frobenius of a left factor")
    if kinds[1] == "scalar":
        return None
    if kinds[0] == "matrix":
        return laws.law("frobenius of an outer product")
    if kinds[0] == "scalar" and len(arrays) == 2:
        return laws.law("scalar transpose") if arrays[0] is inner else None
    return laws.law("adjoint of a matrix")
