"""`explain`: how a wrong answer differs from the right one.

Everything that is said was tried: it holds at every point of the comparison.  The finders stand in the order of what helps most.
Importing this module loads mpmath.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations, permutations
from typing import TYPE_CHECKING, Any

from matdiff.check.case import BothSides, Case, Finding
from matdiff.check.comparison import (
    Comparison,
    all_equal,
    as_ratio,
    common_number,
    factor_between,
    is_equal,
    value_of_result,
)
from matdiff.check.edits import edits_of, scalars_in, terms_of
from matdiff.derive.structure import MODES
from matdiff.infer.infer import Typed
from matdiff.language import make
from matdiff.language.dims import SCALAR
from matdiff.language.errors import Errors, MatdiffError
from matdiff.language.queries import is_scalar, shape_of
from matdiff.language.syntax import Expr, ratio
from matdiff.laws.simplify import simplify
from matdiff.numbers.matrices import (
    Matrix,
    Number,
    Undefined,
    added,
    difference,
    multiplied,
    scaled,
    size_of,
    spread,
    transposed,
)
from matdiff.numbers.numerics import OPERATIONS
from matdiff.numbers.precision import mp
from matdiff.pipeline import again
from matdiff.recover.cost import cost
from matdiff.recover.graph import Irreducible
from matdiff.recover.writer import Writer
from matdiff.tensor import build
from matdiff.tensor.lower import lower

if TYPE_CHECKING:
    from matdiff.language.syntax import Rational

LAYOUTS = ("numerator", "denominator", "gradient")
_MOST_EDITS = 200
_MOST_SCALARS = 30


def explain(comparison: Comparison) -> Finding:
    """The most useful thing that can be said about the difference."""
    case = Case(comparison)
    try:
        case.plain  # noqa: B018
    except Undefined:
        return Finding("undefined")
    for finder in FINDERS:
        found = finder(case)
        if found is not None:
            return found
    return _worst_point(case)


# Finders


def _transposed(case: Case) -> Finding | None:
    """The transpose; a layout may make it right."""
    if not any(sides.transposed and sides.is_equal for sides in case.plain):
        return None
    result = case.comparison.result
    is_plain = result.order and result is result.plain
    layouts = [name for name in LAYOUTS if result.turns(name) != result.turned] if is_plain else []
    return Finding("equal", transposed=True, layout=layouts[0] if layouts else None)


def _rational_factor(case: Case) -> Finding | None:
    for sides in case.plain:
        factor = as_ratio(sides.factor())
        if factor is not None:
            return Finding("factor", factor=factor, transposed=sides.transposed)
    return None


def _structure(case: Case) -> Finding | None:
    """Another convention for a variable with structure."""
    answer, result = case.answer, case.comparison.result
    if result is not result.plain or not any(answer.typed.variables[name].property for name in result.wrt):
        return None
    for mode in MODES:
        if mode != answer.asked.structure:
            other = _other_result(case, structure=mode)
            for sides in case.plain:
                if other is not None and all_equal(other, sides.expected):
                    return Finding("structure", structure=mode, transposed=sides.transposed)
    return None


def _other_result(case: Case, **options: Any) -> list[Matrix] | None:
    """The values of the same result of a similar question; None where it has another shape or no value."""
    comparison = case.comparison
    result = again(case.answer, **options).results[comparison.result.place]
    if result.shape != comparison.result.shape:
        return None
    try:
        return [value_of_result(result, comparison.shape, point) for point in comparison.points]
    except Undefined:
        return None


def _assumption(*properties: str) -> Callable[[Case], Finding | None]:
    """Right for special matrices only."""

    def find(case: Case) -> Finding | None:
        for prop, names, orientations in case.assuming:
            if prop in properties:
                for sides in orientations:
                    if sides.is_equal and not sides.is_zero:
                        return Finding("equal", transposed=sides.transposed, assumed=names, property=prop)
        return None

    return find


def _symmetric_part(case: Case) -> Finding | None:
    """The result is G + G^T or half of it."""
    for sides in case.plain:
        if size_of(sides.results[0])[0] == size_of(sides.results[0])[1] > 1 and not sides.transposed:
            both = [added(value, transposed(value)) for value in sides.expected]
            factor = as_ratio(common_number(list(map(factor_between, sides.results, both))))
            if factor is not None:
                return Finding("symmetric part", factor=factor)
    return None


def _terms(case: Case) -> Finding | None:
    """A term that is missing, too much, or wrong."""
    for sides in case.plain if case.is_short else ():
        found = _wrong_term(case, sides)
        if found is not None:
            return found
    return None


def _terms_assuming(case: Case) -> Finding | None:
    """The same, or a factor, where a matrix is symmetric."""
    for prop, names, orientations in case.assuming if case.is_short else ():
        for sides in orientations if prop == "symmetric" else ():
            factor = as_ratio(sides.factor())
            found = Finding("factor", factor=factor, transposed=sides.transposed) if factor else _wrong_term(case, sides)
            if found is not None:
                found.assumed, found.property = names, prop
                return found
    return None


def _wrong_term(case: Case, sides: BothSides) -> Finding | None:
    printed, expected = case.comparison.printed, case.comparison.expected
    if printed is None:
        return None
    for full in (False, True):
        right = _valued(sides, printed, full, False)
        wrong = _valued(sides, expected, full, sides.transposed)
        for count in (1, 2):
            for chosen in combinations(right, count) if len(right) > count else ():
                if all_equal(sides.differences, _total([values for _, values in chosen])):
                    return _about_terms(case, "missing", sides, [(term, printed) for term, _ in chosen])
            for chosen in combinations(wrong, count) if len(wrong) > count else ():
                if all_equal(sides.differences, [scaled(-1, value) for value in _total([values for _, values in chosen])]):
                    return _about_terms(case, "extra", sides, [(term, expected) for term, _ in chosen])
        for term, values in wrong if len(wrong) > 1 else ():
            more = as_ratio(common_number(list(map(factor_between, sides.differences, values))))
            if more is not None:
                return _about_terms(case, "coefficient", sides, [(term, expected)], factor=more + 1)
        for term, values in wrong if len(wrong) > 1 else ():
            for meant, others in right if len(right) > 1 else ():
                if all_equal(sides.differences, list(map(difference, others, values))):
                    return _about_terms(case, "term", sides, [(term, expected), (meant, printed)])
    return None


def _valued(sides: BothSides, typed: Typed, full: bool, transpose: bool) -> list[tuple[Expr, list[Matrix]]]:
    """The terms that have a value everywhere, with their values; a scalar in a sum of arrays is added to every entry."""
    found = []
    for term in terms_of(typed.expr, full):
        values = sides.of(term, typed, transpose)
        if values is not None:
            found.append((term, [spread(v, *size_of(result)) for v, result in zip(values, sides.results, strict=True)]))
    return found


def _total(parts: Sequence[list[Matrix]]) -> list[Matrix]:
    total = parts[0]
    for part in parts[1:]:
        total = list(map(added, total, part))
    return total


def _about_terms(case: Case, kind: str, sides: BothSides, terms: Sequence[tuple[Expr, Typed]], **more: Any) -> Finding:
    shown = tuple(_tidy(case, term, within) for term, within in terms)
    return Finding(kind, terms=shown, transposed=sides.transposed, **more)


def _tidy(case: Case, expr: Expr, within: Typed) -> Expr:
    """The expression as a result would be printed, where that is shorter."""
    try:
        tensor = simplify(lower(Typed(expr, within.variables, within.definitions, ()))[0])
        found = case.answer.recovery.expr(tensor)
    except Irreducible:
        return expr
    if shape_of(expr)[0].is_one and not is_scalar(expr):
        found = case.answer.recovery.writer.transposed(found)
    nested = any(arg.op == "*" for arg in expr.args if expr.op == "*")
    return found if cost(found) < cost(expr) + nested else expr


def _scalar_factor(case: Case) -> Finding | None:
    """A factor that is a size, a variable, a norm, a determinant, ...: the mean against the sum."""
    for sides in case.plain:
        factors = list(map(factor_between, sides.results, sides.expected))
        if any(factor is None for factor in factors):
            continue
        for expr, within in _scalars(case):
            values = sides.of(expr, within)
            powers = (1,) if expr.op == "/" else (1, -1, 2, -2, ratio(1, 2), ratio(-1, 2))
            for power in powers if values is not None else ():
                found = as_ratio(_quotient(factors, values or [], power))
                if found is not None:
                    return Finding("scalar", factor=_power(found, expr, power), transposed=sides.transposed)
    return None


def _scalars(case: Case) -> list[tuple[Expr, Typed]]:
    """Scalar expressions that could be a forgotten factor, short ones first, each with what its names mean."""
    asked, comparison = case.answer.typed, case.comparison
    sizes = list(case.answer.recovery.sizes.values())
    pairs = [make.call("*", *pair, shape=SCALAR) for pair in combinations(sizes, 2)]
    pairs += [make.call("/", *pair, shape=SCALAR) for pair in permutations(sizes, 2)]
    found: dict[Expr, Typed] = dict.fromkeys((*sizes, *pairs), asked)
    for typed in (asked, comparison.printed, comparison.expected):
        for root in (*typed.definitions.values(), typed.expr) if typed is not None else ():
            for expr in scalars_in(root):
                found.setdefault(expr, typed)  # type: ignore[arg-type]
    return sorted(found.items(), key=lambda pair: cost(pair[0]))[:_MOST_SCALARS]


def _quotient(factors: Sequence[Number], values: Sequence[Matrix], power: Rational) -> Number | None:
    """The number q with factor = q value^power at every point."""
    exponent = mp.mpf(power.numerator) / power.denominator
    bases = [value[0][0] for value in values]
    if any(base <= 0 and power.denominator != 1 for base in bases) or any(abs(base) < mp.mpf(10) ** -20 for base in bases):
        return None
    if common_number(bases) is not None:
        return None
    return common_number([factor / mp.power(base, exponent) for factor, base in zip(factors, bases, strict=True)])


def _power(coefficient: Rational, base: Expr, exponent: Rational) -> Expr:
    writer = Writer()
    part = writer.scalar_power(base, -exponent if exponent < 0 else exponent)
    above, below = ([], [part]) if exponent < 0 else ([part], [])
    return writer.scaled(coefficient, above, below, ())


def _one_edit(case: Case) -> Finding | None:
    """One part of the expected expression is wrong: a transpose, an inverse, a sign, the order of two factors."""
    expected = case.comparison.expected
    variables = case.answer.typed.variables.values()
    squares = [make.name(v.name, v.shape) for v in variables if v.shape[0] == v.shape[1] and not v.shape[0].is_one]
    for sides in case.plain if case.is_short else ():
        for tried, (part, other, whole) in enumerate(edits_of(expected.expr, squares)):
            if tried == _MOST_EDITS:
                break
            if _is_right(sides, whole, expected):
                return Finding("edit", part=part, other=other, whole=whole, transposed=sides.transposed)
    return None


def _is_right(sides: BothSides, whole: Expr, within: Typed) -> bool:
    """Whether it equals the result; the first point decides about most."""
    for point, result in zip(sides.points, sides.results, strict=True):
        try:
            value = sides.comparison.value(whole, within, point)
        except Undefined:
            return False
        if not is_equal(result, transposed(value) if sides.transposed else value):
            return False
    return True


def _constant_factor(case: Case) -> Finding | None:
    """A factor such as pi or sqrt(2)."""
    for sides in case.plain:
        factor = sides.factor()
        if factor is None:
            continue
        square, over_pi = as_ratio(factor * factor), as_ratio(factor / mp.pi)
        pi = Expr("pi", (), shape=SCALAR)
        if over_pi is not None:
            return Finding("scalar", factor=_power(over_pi, pi, 1), transposed=sides.transposed)
        if square is not None:
            root = make.call("sqrt", make.number(square), shape=SCALAR)
            return Finding("scalar", factor=_power(1 if factor > 0 else -1, root, 1), transposed=sides.transposed)
        return Finding("number", factor=float(factor), transposed=sides.transposed)
    return None


def _other_variable(case: Case) -> Finding | None:
    """The derivative by another variable."""
    comparison, answer = case.comparison, case.answer
    if comparison.result.order != 1 or comparison.result is not comparison.result.plain:
        return None
    for name in answer.typed.variables:
        if name in comparison.result.wrt:
            continue
        try:
            (result,) = again(answer, wrt=(name,)).results
        except (MatdiffError, Errors):
            continue
        dims = result.shape
        shape = shape_of(comparison.expected.expr)
        if tuple(dim for dim in shape if not dim.is_one) != dims or len(dims) > 2:
            continue
        try:
            values = [value_of_result(result, shape, point) for point in comparison.points]
            if all_equal(values, [comparison.of_expected(point) for point in comparison.points]):
                return Finding("variable", variable=name)
        except Undefined:
            continue
    return None


def _other_shape(case: Case) -> Finding | None:
    """Another shape, with what makes the one of the other where that is simple."""
    comparison = case.comparison
    if comparison.same_shape:
        return None
    results = [comparison.of_result(point) for point in comparison.points]
    expected = [comparison.of_expected(point) for point in comparison.points]
    for name, change in _RESHAPES.items():
        for values, others, kind in ((results, expected, "made"), (expected, results, "makes")):
            try:
                if all_equal(values, list(map(change, others))):
                    return Finding(kind, function=name)
            except (IndexError, ValueError):
                continue
    return _outer_factor(case, results, expected) or Finding(
        "shape", shape=shape_of(comparison.expected.expr), result=comparison.shape
    )


def _outer_factor(case: Case, results: list[Matrix], expected: list[Matrix]) -> Finding | None:
    """A variable, or its transpose, that has to be multiplied by from the left or the right."""
    points = case.comparison.points
    for name, variable in case.answer.typed.variables.items():
        matrix = make.name(name, variable.shape)
        both = (matrix, make.transposed(matrix))
        for expr in both if variable.kind != "scalar" else ():
            values = [point.values[name] if expr is matrix else transposed(point.values[name]) for point in points]
            for side, (left, right) in (("left", (values, expected)), ("right", (expected, values))):
                if all(_multiply_to(size_of(c), a, b) for a, b, c in zip(left, right, results, strict=True)):
                    products = list(map(multiplied, left, right))
                    factor = as_ratio(common_number(list(map(factor_between, results, products))))
                    if factor is not None:
                        return Finding("outer", factor=factor, matrix=expr, side=side)
    return None


def _multiply_to(size: tuple[int, int], left: Matrix, right: Matrix) -> bool:
    """Whether the matrices can be multiplied and the product has this size."""
    (rows, inner), (others, columns) = size_of(left), size_of(right)
    return inner == others and (rows, columns) == size


def _diagonal_matrix(value: Matrix) -> Matrix:
    entries = [entry for row in value for entry in row]
    if 1 not in size_of(value) or len(entries) == 1:
        raise ValueError
    zero = mp.mpf(0)
    return [[entry if i == j else zero for j in range(len(entries))] for i, entry in enumerate(entries)]


_RESHAPES: dict[str, Callable[[Matrix], Matrix]] = {
    "diag": _diagonal_matrix,
    "the diagonal": lambda value: [[value[i][i]] for i in range(len(value)) if len(value) == len(value[0]) > 1],
    **{name: OPERATIONS[name] for name in ("sum", "vec", "tr")},
}


def _short_difference(case: Case) -> Finding | None:
    """What has to be added to the expected expression, where that is short."""
    printed, expected = case.comparison.printed, case.comparison.expected
    if printed is None or not case.is_short:
        return None
    for sides in case.plain:
        if sides.transposed:
            continue
        left, right = (simplify(lower(typed)[0]) for typed in (printed, expected))
        try:
            expr = case.answer.recovery.expr(simplify(build.add([(1, left), (-1, right)], left.dims)))
        except Irreducible:
            return None
        if shape_of(printed.expr)[0].is_one and not is_scalar(printed.expr):
            expr = case.answer.recovery.writer.transposed(expr)
        if cost(expr) <= min(cost(printed.expr), cost(expected.expr)):
            return Finding("difference", terms=(expr,))
    return None


def _worst_point(case: Case) -> Finding:
    """The entry at which the two differ most."""
    comparison = case.comparison
    point = comparison.worst_point()
    result, expected = comparison.of_result(point), comparison.of_expected(point)
    entries = [(i, j) for i in range(len(result)) for j in range(len(result[0]))]
    i, j = max(entries, key=lambda at: abs(result[at[0]][at[1]] - expected[at[0]][at[1]]))
    numbers = {"result": float(result[i][j]), "expected": float(expected[i][j])}
    return Finding("point", entry=(i + 1, j + 1), shape=comparison.shape, **numbers)


FINDERS: tuple[Callable[[Case], Finding | None], ...] = (
    _transposed,
    _rational_factor,
    _structure,
    _assumption("symmetric"),
    _symmetric_part,
    _terms,
    _scalar_factor,
    _one_edit,
    _terms_assuming,
    _constant_factor,
    _assumption("orthogonal", "diagonal", "commuting"),
    _other_variable,
    _other_shape,
    _short_difference,
)
