"""d applied to an expression as somebody wrote it: the product rule, one term for each occurrence of the variable, and the
differentials of functions, which leave the differential of their argument, `d(A x + b)`, for the next line.

Magnus and Neudecker, Matrix Differential Calculus (2019), ch. 8.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from matdiff.functions import FUNCTIONS, MATRIX_POWER, row_of
from matdiff.infer.rules import is_euclidean
from matdiff.language import make
from matdiff.language.dims import SCALAR
from matdiff.language.errors import NoClosedForm
from matdiff.language.kinds import kind_of
from matdiff.language.queries import constant, is_scalar, post_order, shape_of, values_of
from matdiff.language.syntax import Expr, Rational, ratio
from matdiff.steps import laws
from matdiff.steps.build import differential, hadamard, negated, plus, power, quotient, rewritten, times, transposed
from matdiff.steps.derivation import Law
from matdiff.tensor.rational import whole


class Rewriting:
    """Applies d while the names in `moving` move; `laws` are those used since they were last taken.

    `is_regular` says of a square matrix whether it has an inverse.
    """

    def __init__(self, moving: Collection[str], is_regular: Callable[[Expr], bool]) -> None:
        self.moving, self.is_regular = frozenset(moving), is_regular
        self.laws: dict[Law, None] = {}
        self._depends: dict[Expr, bool] = {}

    def depends(self, expr: Expr) -> bool:
        """Whether the value moves; sizes such as rows(X) do not."""
        for node in post_order(expr):
            if node not in self._depends:
                if node.op == "name":
                    moves = node.shape is not None and node.value in self.moving
                elif node.op in ("rows", "cols") or row_of(node.op).is_size:
                    moves = False
                else:
                    moves = any(self._depends[arg] for arg in values_of(node))
                self._depends[node] = moves
        return self._depends[expr]

    def taken_laws(self) -> tuple[Law, ...]:
        """The laws used since the last call."""
        used = tuple(self.laws)
        self.laws = {}
        return used

    def _use(self, law: Law) -> None:
        self.laws[law] = None

    # --- one line ------------------------------------------------------------------------------------------------------

    def applied(self, expr: Expr) -> Expr:
        """d(expr), opened down to the arguments of the outermost functions."""
        return plus(self.terms(expr), shape_of(expr))

    def opened(self, expr: Expr) -> Expr:
        """The expression with every d(...) in it opened once."""
        return rewritten(expr, lambda node: self.applied(node.args[0]) if node.op == "differential" and node.args else None)

    def is_open(self, expr: Expr) -> bool:
        """Whether no d(...) of an expression is left."""
        return not any(node.op == "differential" and node.args for node in post_order(expr))

    # --- terms ---------------------------------------------------------------------------------------------------------

    def terms(self, expr: Expr) -> list[Expr]:
        """The terms of d(expr); none for a constant."""
        if not self.depends(expr):
            return []
        rule = _RULES.get(expr.op)
        if rule is not None:
            return rule(self, expr)
        if laws.has_rule(expr):
            return self._function(expr)
        if laws.is_matrix_function(expr.op):
            return self._matrix_function(expr)
        row = FUNCTIONS.get(expr.op)
        if row is not None and row.form == "frechet":
            return self._slope(expr)
        if row is not None and row.form in ("macro", "lifted") and not row.is_linear:
            return self.terms(laws.meaning_of(expr))
        return self._linear(expr)

    def _joined(self, expr: Expr) -> Expr:
        return plus(self.terms(expr), shape_of(expr))

    def _sum(self, expr: Expr) -> list[Expr]:
        found = []
        for arg in expr.args:
            for term in self.terms(arg):
                if is_scalar(term) and not is_scalar(expr):  # a number added to an array acts on every entry
                    term = times([term, Expr("ones", (), shape=shape_of(expr))], shape_of(expr))
                found.append(term)
        return found

    def _linear(self, expr: Expr) -> list[Expr]:
        """An operation that is linear in each of its arguments: kron, vec, diag, blocks, entries."""
        shape = shape_of(expr)
        if len(values_of(expr)) > 1 and expr.op != "block":
            return self._multilinear(expr, lambda args: Expr(expr.op, args, expr.value, shape=shape))
        if expr.op == "block":
            args = tuple(self._joined(arg) if self.depends(arg) else Expr("zeros", (), shape=shape_of(arg)) for arg in expr.args)
            return [Expr("block", args, expr.value, shape=shape)]
        inner = self.terms(expr.args[0])
        if not (row_of(expr.op).is_linear and is_scalar(expr)):  # tr, sum and mean are applied to every term of a sum
            inner = [plus(inner, shape_of(expr.args[0]))] if inner else []
        found = []
        for term in inner:
            sign = term.op == "neg"
            body = Expr(expr.op, (term.args[0] if sign else term, *expr.args[1:]), expr.value, shape=shape)
            found.append(negated(body) if sign else body)
        return found

    def _multilinear(self, expr: Expr, make: Callable[[tuple[Expr, ...]], Expr]) -> list[Expr]:
        """The product rule: every factor moves in turn."""
        found = []
        moving = 0
        for place, arg in enumerate(expr.args):
            if not self.depends(arg):
                continue
            moving += 1
            changes = [self._joined(arg)] if arg.op == "+" else self.terms(arg)
            found += [make((*expr.args[:place], change, *expr.args[place + 1 :])) for change in changes]
        if moving > 1:
            self._use(laws.PRODUCT_RULE)
        return found

    def _frobenius(self, expr: Expr) -> list[Expr]:
        left, right = expr.args
        if left == right:
            self._use(laws.law("frobenius square"))
            change = self._joined(left) if left.op != "+" and self._is_simple(left) else differential(left)
            return [times([make.number(2), Expr(":", (left, change), shape=SCALAR)], SCALAR)]
        return self._multilinear(expr, lambda args: _signed(args, lambda a: Expr(":", a, shape=SCALAR)))

    def _is_simple(self, expr: Expr) -> bool:
        return expr.op in ("name", "'") and all(node.op in ("name", "'") for node in post_order(expr))

    def _quotient(self, expr: Expr) -> list[Expr]:
        above, below = expr.args
        found = [quotient(term, below) for term in self.terms(above)]
        if self.depends(below):
            self._use(laws.QUOTIENT_RULE)
            for change in [self._joined(below)] if below.op == "+" else self.terms(below):
                square = power(below, make.number(2))
                found.append(negated(quotient(self._scaled(expr, above, change), square)))
        return found

    def _scaled(self, expr: Expr, factor: Expr, change: Expr) -> Expr:
        """factor * change, entry by entry where both are arrays."""
        both = not is_scalar(factor) and not is_scalar(change)
        return (
            hadamard([factor, change], shape_of(expr))
            if both
            else times([change, factor] if is_scalar(change) else [factor, change], shape_of(expr))
        )

    def _power(self, expr: Expr) -> list[Expr]:
        base, exponent = expr.args
        value = constant(exponent)
        if not is_scalar(base) and expr.op == "^":
            function = _as_function(expr)
            if function is not expr:
                return self._matrix_function(function)
            assert isinstance(value, int)
            return self._matrix_power(expr, base, value)
        if is_euclidean(base) and value == 2 and expr.op == "^":
            return self._square_of_norm(base.args[0])
        shape = shape_of(expr)
        found = []
        if self.depends(base):
            self._use(laws.law("power" if is_scalar(expr) else "elementwise power"))
            change = differential(base) if base.op not in ("name", "^") else self._joined(base)
            found.append(hadamard([*_slope_of_power(base, exponent, value), change], shape))
        if self.depends(exponent):
            self._use(laws.law("exponential"))
            change = differential(exponent)
            logarithm = make.call("log", base, shape=shape_of(base))
            found.append(hadamard([expr, logarithm, change], shape))
        return found

    def _square_of_norm(self, inner: Expr) -> list[Expr]:
        kind = kind_of(shape_of(inner))
        self._use(laws.law("square of a frobenius norm" if kind == "matrix" else "square of a norm"))
        two, change = make.number(2), differential(inner)
        if kind == "vector":
            return [times([two, transposed(inner), change], SCALAR)]
        if kind == "scalar":
            return [times([two, inner, change], SCALAR)]
        return [times([two, Expr(":", (inner, change), shape=SCALAR)], SCALAR)]

    def _matrix_power(self, expr: Expr, base: Expr, exponent: int) -> list[Expr]:
        """d(X^3) = dX X^2 + X dX X + X^2 dX; a negative power is a power of the inverse."""
        shape = shape_of(expr)
        if exponent < 0:
            inverse = make.call("inv", base, shape=shape)
            if exponent == -1:
                return self._function(inverse)
            return self._matrix_power(expr, inverse, -exponent)
        found = []
        for place in range(exponent):
            around = [_whole_power(base, count) for count in (place, exponent - 1 - place)]
            for change in [self._joined(base)] if base.op == "+" else self.terms(base):
                found.append(times([*around[0], change, *around[1]], shape))
        if exponent > 1:
            self._use(laws.PRODUCT_RULE)
        return found

    # --- functions -----------------------------------------------------------------------------------------------------

    def _function(self, expr: Expr) -> list[Expr]:
        found: list[Expr] = []
        is_regular = laws.has_one_rule(expr) or self.is_regular(expr.args[0])
        for place, argument in enumerate(expr.args):
            if self.depends(argument):
                self._use(laws.law_of(expr, place, is_regular))
                value = laws.differential_of(expr, place, differential(argument), is_regular)
                if not _is_zero(value):
                    found += value.args if value.op == "+" else [value]
        return found

    def _matrix_function(self, expr: Expr) -> list[Expr]:
        """d(expm(X)) = dexpm(X, dX); of a power also by its exponent."""
        found = []
        if self.depends(expr.args[0]):
            self._use(laws.law_of(expr))
            found.append(laws.directed(expr, differential(expr.args[0])))
        if any(self.depends(arg) for arg in expr.args[1:]):
            self._use(laws.law_of(expr, 1))
            found.append(laws.differential_of(expr, 1, differential(expr.args[1])))
        return found

    def _slope(self, expr: Expr) -> list[Expr]:
        """A Frechet derivative: linear in its directions; by its argument once more in a direction."""
        row = FUNCTIONS[expr.op]
        others = len(expr.args) - row.order
        if any(self.depends(arg) for arg in expr.args[1:others]) or (row.order == 2 and self.depends(expr.args[0])):
            raise NoClosedForm(function=row.of, span=None)
        found = [laws.directed(expr, differential(expr.args[0]))] if self.depends(expr.args[0]) else []
        for place in range(others, len(expr.args)):
            for term in self.terms(expr.args[place]):
                args = (*expr.args[:place], term, *expr.args[place + 1 :])
                found.append(_signed(args, lambda a: Expr(expr.op, a, shape=expr.shape)))
        return found

    def _trace(self, expr: Expr) -> list[Expr]:
        """tr of a function of a matrix has a closed form: d(tr(f(U))) = tr(f'(U) dU)."""
        inner = _as_function(expr.args[0])
        slope = laws.slope_of_trace(inner) if laws.is_matrix_function(inner.op) else None
        if slope is None or any(self.depends(arg) for arg in inner.args[1:]):
            return self._linear(expr)
        self._use(laws.law_of_trace(inner))
        product = times([slope, differential(inner.args[0])], shape_of(inner))
        return [_signed((product,), lambda a: Expr("tr", a, shape=SCALAR))]


def _as_function(expr: Expr) -> Expr:
    """A matrix to a power that is no whole number as the function it is."""
    if expr.op != "^" or is_scalar(expr):
        return expr
    value = constant(expr.args[1])
    if value is not None and value.denominator == 1:
        return expr
    if value == ratio(1, 2):
        return make.call("sqrtm", expr.args[0], shape=shape_of(expr))
    return make.call(MATRIX_POWER, *expr.args, shape=shape_of(expr))


def _is_zero(expr: Expr) -> bool:
    return any(node.op == "number" and node.value == 0 for node in (expr, *expr.args)) and expr.op in (
        "number",
        "*",
        ".*",
        "zeros",
    )


def _whole_power(base: Expr, count: int) -> list[Expr]:
    if not count:
        return []
    return [base if count == 1 else make.call("^", base, make.number(count), shape=shape_of(base))]


def _signed(args: tuple[Expr, ...], make: Callable[[tuple[Expr, ...]], Expr]) -> Expr:
    """A linear operation on arguments with their signs taken out."""
    sign = sum(arg.op == "neg" for arg in args) % 2
    body = make(tuple(arg.args[0] if arg.op == "neg" else arg for arg in args))
    return negated(body) if sign else body


def _slope_of_power(base: Expr, exponent: Expr, value: Rational | None) -> list[Expr]:
    """The factors of a x^(a - 1)."""
    if value is None:
        lowered = Expr("+", (exponent, make.number(-1)), shape=shape_of(exponent))
        return [exponent, power(base, lowered)]
    less = whole(value - 1)
    if less == 0:
        return []
    if less > 0:
        return [make.number(value), power(base, make.number(less))]
    if value == ratio(1, 2):
        root = make.call("sqrt", base, shape=shape_of(base))
        return [quotient(make.number(1), hadamard([make.number(2), root], shape_of(base)))]
    return [quotient(make.number(value), power(base, make.number(-less)))]


_RULES: dict[str, Callable[[Rewriting, Expr], list[Expr]]] = {
    "name": lambda self, expr: [differential(expr)],
    "+": Rewriting._sum,
    "neg": lambda self, expr: [negated(term) for term in self.terms(expr.args[0])],
    "'": lambda self, expr: [transposed(term) for term in self.terms(expr.args[0])],
    "*": lambda self, expr: self._multilinear(expr, lambda args: times(args, shape_of(expr))),
    ".*": lambda self, expr: self._multilinear(expr, lambda args: hadamard(args, shape_of(expr))),
    ":": Rewriting._frobenius,
    "/": Rewriting._quotient,
    "./": Rewriting._quotient,
    "^": Rewriting._power,
    ".^": Rewriting._power,
    "tr": Rewriting._trace,
}
