"""What the three methods share: the values of all names in a fresh session of tensors, the names that move, the output's name."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack
from itertools import chain, count

from matdiff.answer.answer import Answer
from matdiff.answer.leftside import left_side, output_name
from matdiff.answer.result import Result
from matdiff.derive.rank import is_regular, mark_of
from matdiff.derive.structure import turns_with_variable
from matdiff.derive.sweep import derive
from matdiff.functions import row_of
from matdiff.infer.infer import Typed
from matdiff.infer.rules import is_euclidean
from matdiff.language import make
from matdiff.language.dims import Shape
from matdiff.language.kinds import kind_of
from matdiff.language.queries import is_scalar, names_in, post_order, rebuilt, shape_of, values_of
from matdiff.language.syntax import Expr
from matdiff.laws.simplify import rebuild, simplify
from matdiff.recover.graph import Irreducible
from matdiff.recover.recover import Recovery, size_expressions
from matdiff.steps import laws
from matdiff.steps.build import differential, entry, partial, times
from matdiff.steps.derivation import Law, Line
from matdiff.tensor import build
from matdiff.tensor.lift import lift_of
from matdiff.tensor.lower import axes_of, variable_tensor
from matdiff.tensor.nodes import Apply, Session, Tensor, entered


class Setting:
    """One result to derive; of a higher order, its last differentiation.

    typed         the expression that is differentiated last: the input, or the derivative of lower order
    output        what it is called: `f`, or `df/dx`
    definitions   the definitions, those of the user or introduced ones, in dependency order, and `expr`, the whole in terms of them
    moving        the names that change with the variable: definitions that depend on it, and itself
    values        a tensor for every name; a definition is a symbol of its own
    restored      the variable as if it had no structure -> with its structure
    sessions      leaves the sessions of tensors that are entered here
    """

    def __init__(
        self,
        answer: Answer,
        result: Result,
        sessions: ExitStack,
        typed: Typed | None = None,
        output: Expr | None = None,
        first_number: int = 0,
    ) -> None:
        self.answer, self.result, self.sessions, self.first_number = answer, result, sessions, first_number
        self.typed = typed or answer.typed
        self.output = output or make.name(output_name(answer.typed), shape_of(answer.typed.expr))
        self.variable = self.typed.variables[result.wrt[-1]]
        self._set(self.typed.definitions, self.typed.expr)

    def _set(self, definitions: Mapping[str, Expr], expr: Expr) -> None:
        typed, name = self.typed, self.variable.name
        self.definitions, self.expr = dict(definitions), expr
        if self.expr.op == "name" and str(self.expr.value) in self.definitions:
            self.expr = self.definitions.pop(str(self.expr.value))
        self.moving = {name}
        for part, value in self.definitions.items():
            if any(node.value in self.moving for node in names_in(value)):
                self.moving.add(part)
        self.sessions.enter_context(entered(Session()))
        self.recovery = Recovery(size_expressions(typed.variables.values(), (name,), typed.sizes_as_numbers))
        self.values: dict[str, Tensor] = {n: variable_tensor(v) for n, v in typed.variables.items()}
        free = variable_tensor(self.variable, structured=False)
        self.restored = {free: self.values[name]} if self.variable.property else {}
        self.values[name] = free
        for part, value in self.definitions.items():
            self.values[part] = build.symbol(part, axes_of(shape_of(value)), mark_of(self.lowered(value)))
        for part, value in self.definitions.items():
            if value.args:
                tensor = self.lowered(value)
                for known in dict.fromkeys((tensor, rebuild(tensor, self.restored))):
                    if isinstance(known, Apply):
                        self.recovery.name(known, part, value)

    def split(self, introduced: Mapping[str, Expr], expr: Expr) -> None:
        """Give names to parts of the expression."""
        self._set({**self.definitions, **introduced}, expr)

    @property
    def name(self) -> Expr:
        """The variable."""
        return make.name(self.variable.name, self.variable.shape)

    @property
    def change(self) -> Expr:
        """Its differential."""
        return differential(self.name)

    @property
    def letters(self) -> tuple[list[str], list[str]]:
        """The letters of the axes of the output and of the variable."""
        axes = list(self.result.axes)
        if self.result.order == 1:  # a layout may have turned them around
            axes.sort(key=lambda axis: (axis[0] != "output", axis[1]))
        letters = [axis[3] for axis in axes]
        count = len(letters) - len(axes_of(self.variable.shape))
        return letters[:count], letters[count:]

    @property
    def left(self) -> Expr:
        """The left side of the result."""
        return left_side(self.answer, self.result)

    @property
    def shape(self) -> Shape:
        """Rows and columns of what is differentiated."""
        return shape_of(self.output)

    @property
    def taken(self) -> tuple[str, ...]:
        """Names that no index may have."""
        return (*self.typed.variables, *self.answer.typed.definitions, *self.definitions)

    @property
    def is_turned(self) -> bool:
        """Whether the result is shown transposed, as `--layout` asks."""
        return self.result.expr != self.result.value_expr

    @property
    def partial_of_output(self) -> Expr:
        """`dy[i]/dW[k,l]`, entry by entry."""
        output, variable = self.letters
        return partial(entry(self.output, output), entry(self.name, variable))

    @property
    def free_left(self) -> Expr:
        """What the lines before the last are equations for: the derivative, or `G[k,l]`, that by the variable without structure."""
        if projection_law(self) is None:
            return self.partial_of_output
        output, variable = self.letters
        names = {*self.taken, *(part.name for part in self.result.where)}
        free = next(name for name in chain("G", (f"G_{number}" for number in count())) if name not in names)
        array = make.name(free, self.variable.shape)
        return entry(array, [*output, *variable])

    @property
    def recognised(self) -> Law:
        """What the entries are recognised as."""
        return laws.AS_MATRIX if len(self.result.tensor.dims) == 2 else laws.AS_VECTOR

    def lowered(self, expr: Expr, more: Mapping[str, Tensor] | None = None) -> Tensor:
        """The value of an expression in terms of the definitions, and of `more` names."""
        return simplify(lift_of({**self.values, **(more or {})}, [expr]).value(expr))

    def is_regular(self, matrix: Expr) -> bool:
        """Whether a matrix has an inverse, so that one may be written."""
        return is_regular(self.lowered(matrix))

    def slope(self, expr: Expr, name: str) -> Tensor:
        """The derivative of an expression by a variable or a definition in it, all others being held."""
        return rebuild(simplify(derive(self.lowered(expr), self.values[name])), self.restored)

    def plain_formula(self) -> Expr | None:
        """The derivative as if the variable had no structure, in terms of the variables alone; None without matrix notation."""
        values = dict(self.values)
        for part, value in self.definitions.items():
            values[part] = simplify(lift_of(values, [value]).value(value))
        whole = simplify(lift_of(values, [self.expr]).value(self.expr))
        try:
            return self.recovery.expr(rebuild(simplify(derive(whole, self.values[self.variable.name])), self.restored))
        except Irreducible:
            return None


def recognised_lines(setting: Setting, before: Line) -> list[Line]:
    """The printed result, from its entries, which the line before tells."""
    result, law = setting.result, projection_law(setting)
    if result.form != "matrix" or not result.shape:
        return [last_line(setting, (law or (laws.ENTRIES if result.shape else laws.SIMPLIFY),))]
    found = []
    plain = setting.plain_formula() if law is not None else None
    if plain is not None:
        array = before.left.args[0] if before.left.op == "entry" else before.left
        found.append(Line(array, plain, (setting.recognised,), result.tensor.dims))
    return [*found, last_line(setting, (law or setting.recognised,))]


def projection_law(setting: Setting) -> Law | None:
    """How the derivative in the variable's own space comes from the plain one; None where there is nothing to do."""
    prop, mode = setting.variable.property, setting.answer.asked.structure
    if prop is None or mode == "ignore" or len(axes_of(setting.variable.shape)) != 2:
        return None
    name = setting.variable.name
    if turns_with_variable(prop, mode) and setting.result.wrt.count(name) > 1:
        return Law(f"{name} is {prop}: the tangent part for each d{name}, so that it is the Riemannian Hessian")
    return Law(_PROJECTIONS[mode].get(prop, "the part in the variable's own space").format(name))


_PROJECTIONS = {
    "project": {
        "symmetric": "d{0} is symmetric: the symmetric part",
        "spd": "d{0} is symmetric: the symmetric part",
        "skew": "d{0} is skew: the skew part",
        "diagonal": "d{0} is diagonal: the diagonal part",
        "lower": "d{0} is lower triangular: the lower triangle",
        "upper": "d{0} is upper triangular: the upper triangle",
        "orthogonal": "{0} is orthogonal: the tangent part, 1/2 (G - {0} G^T {0})",
    },
    "entries": {
        "symmetric": "by the free entries of {0}: G + G^T - diag(G)",
        "spd": "by the free entries of {0}: G + G^T - diag(G)",
        "skew": "by the free entries of {0}: G - G^T",
    },
}


def last_line(setting: Setting, used: tuple[Law, ...], because: tuple[Expr, Expr] | None = None) -> Line:
    """The line whose right side is the printed result."""
    if setting.is_turned:
        used = (*used, Law(f"{setting.answer.asked.layout} layout: the transpose"))
        because = None
    return Line(setting.left, setting.result.expr, used, setting.result.shape, because=because)


# Names for the natural intermediate values of an expression that has none: the arguments of its functions, or the tail of a product.
_NAMES = {"scalar": "s t q r", "vector": "u v w p q r", "row": "u v w p q r", "matrix": "U V M N P Q"}
# More names than these help nobody; what is deeper stays as it is.
_MOST_NAMES = 6


def intermediate_values(expr: Expr, variable: str, taken: Collection[str]) -> tuple[dict[str, Expr], Expr]:
    """Definitions, each after those it uses, and the expression in terms of them."""
    moving = {id(node) for node in post_order(expr) if _depends(node, variable)}
    wanted = _arguments(expr, moving) or list(_tails(expr, moving))
    names: dict[Expr, Expr] = {}
    used = set(taken)
    for part in dict.fromkeys(wanted):
        if len(names) < _MOST_NAMES:
            name = next(name for name in _candidates(kind_of(shape_of(part))) if name not in used)
            used.add(name)
            names[part] = make.name(name, shape_of(part))
    inner_first = [part for part in dict.fromkeys(post_order(expr)) if part in names]
    inner_first += [part for part in names if part not in inner_first]
    return {str(names[part].value): _named(part, names, part) for part in inner_first}, _named(expr, names, None)


def _candidates(kind: str) -> Iterator[str]:
    plain = _NAMES[kind].split()
    yield from plain
    yield from (f"{plain[0]}_{number}" for number in range(1, 1000))


def _depends(node: Expr, variable: str) -> bool:
    return any(name.value == variable for name in names_in(node))


def _arguments(expr: Expr, moving: set[int]) -> list[Expr]:
    """The arguments of functions that are more than a name, from the outside in."""
    found: list[Expr] = []
    stack = [expr]
    while stack:
        node = stack.pop(0)
        if id(node) not in moving:
            continue
        if _is_function(node):
            argument = node.args[0]
            if id(argument) in moving and argument.op not in ("name", "'"):
                found.append(argument)
        stack += [arg for arg in values_of(node) if arg.shape is not None]
    return found


def _is_function(node: Expr) -> bool:
    if node.op in ("^", ".^"):
        return not is_euclidean(node.args[0])
    return laws.has_rule(node) or laws.is_matrix_function(node.op)


def _tails(expr: Expr, moving: set[int]) -> Iterator[Expr]:
    """In each product where something stands before the last factor that moves: that factor with those after it, W^T x in a^T W^T x."""
    stack = [expr]
    while stack:
        node = stack.pop()
        if id(node) not in moving:
            continue
        if (
            node.op in ("neg", "+")
            or is_euclidean(node)
            or (row_of(node.op).is_linear and is_scalar(node) and len(node.args) == 1)
        ):
            stack += reversed(node.args)
        elif node.op == ":":
            yield from (arg for arg in node.args if id(arg) in moving and arg.op not in ("name", "'"))
        elif node.op == "*":
            arrays = [arg for arg in node.args if not is_scalar(arg)]
            places = [place for place, arg in enumerate(arrays) if id(arg) in moving]
            if not places:
                continue
            first = places[0] if len(places) == 1 else places[0] + 1
            if 0 < first < len(arrays) - 1:
                yield _tail(arrays, first, node)


def _tail(arrays: list[Expr], first: int, node: Expr) -> Expr:
    tail = arrays[first:]
    return times(tail, (shape_of(tail[0])[0], shape_of(node)[1] if not is_scalar(node) else shape_of(tail[-1])[1]))


def _named(expr: Expr, names: dict[Expr, Expr], itself: Expr | None) -> Expr:
    """The expression with names for its parts, also for the tail of a product."""

    def named(node: Expr, again: Expr) -> Expr:
        if node in names and node != itself:
            return names[node]
        return _with_tail(node, again, names, itself) if node.op == "*" else again

    return rebuilt(expr, named)


def _with_tail(node: Expr, again: Expr, names: dict[Expr, Expr], itself: Expr | None) -> Expr:
    for first in range(1, len(node.args) - 1):
        rest = node.args[first:]
        for part, name in names.items():
            if part.op == "*" and part.args == rest and part != itself and not all(map(is_scalar, node.args[:first])):
                return again.replace(args=(*again.args[:first], name))
    return again
