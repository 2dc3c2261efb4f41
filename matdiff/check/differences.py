"""`explain`: how a wrong answer differs from the right one.

Everything that is said was tried: it holds at every point of the comparison.  The finders stand in the order of what helps most.
Importing this module loads mpmath.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from itertools import combinations, islice, permutations
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
from matdiff.functions import FUNCTIONS, Function, Signature
from matdiff.infer.infer import Typed
from matdiff.language import make
from matdiff.language.dims import SCALAR, Shape
from matdiff.language.errors import Errors, MatdiffError
from matdiff.language.queries import shape_of
from matdiff.language.syntax import Expr, ratio
from matdiff.laws.simplify import simplify
from matdiff.numbers.matrices import (
    Matrix,
    Number,
    Undefined,
    added,
    difference,
    entries_of,
    multiplied,
    scaled,
    size_of,
    stretched,
    transposed,
)
from matdiff.numbers.numerics import OPERATIONS
from matdiff.numbers.precision import mp
from matdiff.pipeline import again
from matdiff.recover.cost import cost
from matdiff.recover.graph import Irreducible
from matdiff.recover.writer import Writer
from matdiff.tensor import build
from matdiff.tensor.lift import lower

if TYPE_CHECKING:
    from matdiff.answer.result import Result
    from matdiff.language.syntax import Rational
    from matdiff.tensor.nodes import Tensor

LAYOUTS = ("numerator", "denominator", "gradient")
_MOST_EDITS = 200
_MOST_SCALARS = 30


def explain(comparison: Comparison) -> Finding:
    """The most useful thing that can be said about the difference."""
    try:
        list(map(comparison.of_expected, comparison.points))
    except Undefined:
        return Finding("undefined")
    case = Case(comparison)
    for finder in FINDERS:
        found = finder(case)
        if found is not None:
            return found
    return _worst_point(case)


# Finders: of a case, or of its two sides in one orientation

Finder = Callable[[Case], Finding | None]
SideFinder = Callable[[Case, BothSides], Finding | None]


def _plain(find: SideFinder) -> Finder:
    """Looks at the two sides as they are and transposed."""
    return lambda case: _first(case, case.plain, find)


def _assuming(find: SideFinder, *properties: str) -> Finder:
    """Looks at them for special matrices only."""

    def finder(case: Case) -> Finding | None:
        for prop, names, orientations in case.assuming:
            found = _first(case, orientations, find) if prop in properties else None
            if found is not None:
                found.assumed, found.property = names, prop
                return found
        return None

    return finder


def _first(case: Case, orientations: Sequence[BothSides], find: SideFinder) -> Finding | None:
    for sides in orientations:
        found = find(case, sides)
        if found is not None:
            found.transposed = sides.transposed
            return found
    return None


def _transposed(case: Case) -> Finding | None:
    """The transpose; a layout may make it right."""
    if not any(sides.transposed and sides.is_equal for sides in case.plain):
        return None
    result = case.comparison.result
    is_plain = result.order and result is result.plain
    layouts = [name for name in LAYOUTS if result.turns(name) != result.turned] if is_plain else []
    return Finding("equal", transposed=True, layout=layouts[0] if layouts else None)


def _rational_factor(case: Case, sides: BothSides) -> Finding | None:
    factor = as_ratio(sides.factor())
    return None if factor is None else Finding("factor", factor=factor)


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
    result = again(case.answer, **options).results[case.comparison.result.place]
    return _values(case, result, case.comparison.shape) if result.shape == case.comparison.result.shape else None


def _values(case: Case, result: Result, shape: Shape) -> list[Matrix] | None:
    """The values of another result; None where it has none."""
    try:
        return [value_of_result(result, shape, point) for point in case.comparison.points]
    except Undefined:
        return None


def _agreement(case: Case, sides: BothSides) -> Finding | None:
    return Finding("equal") if sides.is_equal and not sides.is_zero else None


def _symmetric_part(case: Case, sides: BothSides) -> Finding | None:
    """The result is G + G^T or half of it."""
    rows, columns = size_of(sides.results[0])
    if sides.transposed or not rows == columns > 1:
        return None
    both = [added(value, transposed(value)) for value in sides.expected]
    factor = as_ratio(common_number(list(map(factor_between, sides.results, both))))
    return None if factor is None else Finding("symmetric part", factor=factor)


def _factor_or_term(case: Case, sides: BothSides) -> Finding | None:
    return (_rational_factor(case, sides) or _wrong_term(case, sides)) if case.is_short else None


def _wrong_term(case: Case, sides: BothSides) -> Finding | None:
    """A term that is missing, too much, or wrong."""
    printed, expected = case.comparison.printed, case.comparison.expected
    if printed is None or not case.is_short:
        return None
    for full in (False, True):
        right = _valued(sides, printed, full, False)
        wrong = _valued(sides, expected, full, sides.transposed)
        for count in (1, 2):
            for chosen in combinations(right, count) if len(right) > count else ():
                if all_equal(sides.differences, _total([values for _, values in chosen])):
                    return _about_terms(case, "missing", [(term, printed) for term, _ in chosen])
            for chosen in combinations(wrong, count) if len(wrong) > count else ():
                if all_equal(sides.differences, [scaled(-1, value) for value in _total([values for _, values in chosen])]):
                    return _about_terms(case, "extra", [(term, expected) for term, _ in chosen])
        for term, values in wrong if len(wrong) > 1 else ():
            more = as_ratio(common_number(list(map(factor_between, sides.differences, values))))
            if more is not None:
                return _about_terms(case, "coefficient", [(term, expected)], factor=more + 1)
        for term, values in wrong if len(wrong) > 1 else ():
            for meant, others in right if len(right) > 1 else ():
                if all_equal(sides.differences, list(map(difference, others, values))):
                    return _about_terms(case, "term", [(term, expected), (meant, printed)])
    return None


def _valued(sides: BothSides, typed: Typed, full: bool, transpose: bool) -> list[tuple[Expr, list[Matrix]]]:
    """The terms that have a value everywhere, with their values; a scalar in a sum of arrays is added to every entry."""
    found = []
    for term in terms_of(typed.expr, full):
        values = sides.of(term, typed, transpose)
        if values is not None:
            found.append((term, [stretched(v, *size_of(result)) for v, result in zip(values, sides.results, strict=True)]))
    return found


def _total(parts: Sequence[list[Matrix]]) -> list[Matrix]:
    return reduce(lambda total, part: list(map(added, total, part)), parts)


def _about_terms(case: Case, kind: str, terms: Sequence[tuple[Expr, Typed]], **more: Any) -> Finding:
    return Finding(kind, terms=tuple(_tidy(case, term, within) for term, within in terms), **more)


def _tidy(case: Case, expr: Expr, within: Typed) -> Expr:
    """The expression as a result would be printed, where that is shorter."""
    try:
        tensor = simplify(lower(Typed(expr, within.variables, within.definitions, ()))[0])
        found = _written(case, tensor, shape_of(expr))
    except Irreducible:
        return expr
    nested = any(arg.op == "*" for arg in expr.args if expr.op == "*")
    return found if cost(found) < cost(expr) + nested else expr


def _scalar_factor(case: Case, sides: BothSides) -> Finding | None:
    """A factor that is a size, a variable, a norm, a determinant, ...: the mean against the sum."""
    factors = list(map(factor_between, sides.results, sides.expected))
    for expr, within in _scalars(case) if None not in factors else ():
        values = sides.of(expr, within)
        powers = (1,) if expr.op == "/" else (1, -1, 2, -2, ratio(1, 2), ratio(-1, 2))
        for power in powers if values is not None else ():
            found = as_ratio(_quotient(factors, values or [], power))
            if found is not None:
                return Finding("scalar", factor=_power(found, expr, power))
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


def _one_edit(case: Case, sides: BothSides) -> Finding | None:
    """One part of the expected expression is wrong: a transpose, an inverse, a sign, the order of two factors."""
    expected = case.comparison.expected
    variables = case.answer.typed.variables.values()
    squares = [make.name(v.name, v.shape) for v in variables if v.shape[0] == v.shape[1] and not v.shape[0].is_one]
    for part, other, whole in islice(edits_of(expected.expr, squares), _MOST_EDITS) if case.is_short else ():
        if _is_right(sides, whole, expected):
            return Finding("edit", part=part, other=other, whole=whole)
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


def _constant_factor(case: Case, sides: BothSides) -> Finding | None:
    """A factor such as pi or sqrt(2)."""
    factor = sides.factor()
    if factor is None:
        return None
    square, over_pi = as_ratio(factor * factor), as_ratio(factor / mp.pi)
    if over_pi is not None:
        return Finding("scalar", factor=_power(over_pi, Expr("pi", (), shape=SCALAR), 1))
    if square is not None:
        root = make.call("sqrt", make.number(square), shape=SCALAR)
        return Finding("scalar", factor=_power(1 if factor > 0 else -1, root, 1))
    return Finding("number", factor=float(factor))


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
        shape = shape_of(comparison.expected.expr)
        values = _values(case, result, shape) if tuple(dim for dim in shape if not dim.is_one) == result.shape else None
        if values is not None and all_equal(values, list(map(comparison.of_expected, comparison.points))):
            return Finding("variable", variable=name)
    return None


def _other_shape(case: Case) -> Finding | None:
    """Another shape, with what makes the one of the other where that is simple."""
    comparison = case.comparison
    if comparison.same_shape:
        return None
    results = list(map(comparison.of_result, comparison.points))
    expected = list(map(comparison.of_expected, comparison.points))
    for row, place, words in _reshapes():
        for values, others, kind in ((results, expected, "made"), (expected, results, "makes")):
            if all(_takes(row.patterns[place], other) for other in others):
                if all_equal(values, list(map(OPERATIONS[row.name], others))):
                    return Finding(kind, function=words)
    shape = Finding("shape", shape=shape_of(comparison.expected.expr), result=comparison.shape)
    return _outer_factor(case, results, expected) or shape


def _reshapes() -> Iterator[tuple[Function, int, str]]:
    """The functions of one array that move or add its entries to one of another shape: the row, the pattern, and its words."""
    for row in FUNCTIONS.values():
        for place, (inputs, output) in enumerate(row.patterns):
            if row.is_word and row.form == "op" and len(inputs) == 1 and inputs[0] != output:
                yield row, place, row.name if place == 0 else "the diagonal"


def _takes(pattern: Signature, value: Matrix) -> bool:
    """Whether the array, no number, has the shape of the argument."""
    ((rows, columns),), _ = pattern
    size = size_of(value)
    return size != (1, 1) and (columns != "1" or size[1] == 1) and (columns != rows or size[1] == size[0])


def _outer_factor(case: Case, results: list[Matrix], expected: list[Matrix]) -> Finding | None:
    """A variable, or its transpose, that has to be multiplied by from the left or the right."""
    points = case.comparison.points
    for name, variable in case.answer.typed.variables.items():
        matrix = make.name(name, variable.shape)
        both = (matrix, make.transposed(matrix))
        for expr in both if variable.kind != "scalar" else ():
            values = [point.values[name] if expr is matrix else transposed(point.values[name]) for point in points]
            for side, (left, right) in (("left", (values, expected)), ("right", (expected, values))):
                if all(map(_can_be_product, results, left, right)):
                    products = list(map(multiplied, left, right))
                    factor = as_ratio(common_number(list(map(factor_between, results, products))))
                    if factor is not None:
                        return Finding("outer", factor=factor, matrix=expr, side=side)
    return None


def _can_be_product(value: Matrix, left: Matrix, right: Matrix) -> bool:
    """Whether the matrices can be multiplied and the product has the size of the value."""
    return len(left[0]) == len(right) and (len(left), len(right[0])) == size_of(value)


def _short_difference(case: Case) -> Finding | None:
    """What has to be added to the expected expression, where that is short."""
    printed, expected = case.comparison.printed, case.comparison.expected
    if printed is None or not case.is_short or not case.comparison.same_shape:
        return None
    left, right = (simplify(lower(typed)[0]) for typed in (printed, expected))
    try:
        expr = _written(case, simplify(build.add([(1, left), (-1, right)], left.dims)), case.comparison.shape)
    except Irreducible:
        return None
    return Finding("difference", terms=(expr,)) if cost(expr) <= min(cost(printed.expr), cost(expected.expr)) else None


def _written(case: Case, tensor: Tensor, shape: Shape) -> Expr:
    """The tensor in matrix notation, with this shape.  Raises Irreducible."""
    recovery = case.answer.recovery
    found = recovery.expr(tensor)
    return recovery.writer.transposed(found) if shape[0].is_one and shape != SCALAR else found


def _worst_point(case: Case) -> Finding:
    """The entry at which the two differ most."""
    comparison = case.comparison
    point = comparison.worst_point()
    result, expected = comparison.of_result(point), comparison.of_expected(point)
    apart = list(map(abs, entries_of(difference(result, expected))))
    i, j = divmod(apart.index(max(apart)), len(result[0]))
    numbers = {"result": float(result[i][j]), "expected": float(expected[i][j])}
    return Finding("point", entry=(i + 1, j + 1), shape=comparison.shape, **numbers)


FINDERS: tuple[Finder, ...] = (
    _transposed,
    _plain(_rational_factor),
    _structure,
    _assuming(_agreement, "symmetric"),
    _plain(_symmetric_part),
    _plain(_wrong_term),
    _plain(_scalar_factor),
    _plain(_one_edit),
    _assuming(_factor_or_term, "symmetric"),
    _plain(_constant_factor),
    _assuming(_agreement, "orthogonal", "diagonal", "commuting"),
    _other_variable,
    _other_shape,
    _short_difference,
)
