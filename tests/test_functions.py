"""Generated from the function table: every row's shape rule, first and second derivative, spellings and reading back."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import reduce
from importlib import import_module
from math import inf, prod

import growth
import pytest

from matdiff.api import Derivative, differentiate
from matdiff.check import verify
from matdiff.code.module import LANGUAGES
from matdiff.code.translate import PLANNED
from matdiff.formats.latex import latex
from matdiff.formats.unicode import unicode
from matdiff.functions import FUNCTIONS, NAMES, Function, extended, lifted, word_of
from matdiff.infer.infer import infer
from matdiff.infer.rules import ARGUMENTS, rule_expr
from matdiff.language.dims import SCALAR, size
from matdiff.language.errors import EntrywiseFunction, NoClosedForm, NotSmooth, UnknownFunction
from matdiff.language.kinds import Variable
from matdiff.language.queries import post_order
from matdiff.language.text import text
from matdiff.mistakes.words import diagnose
from matdiff.numbers.matrices import (
    Matrix,
    Number,
    Overlarge,
    Undefined,
    added,
    determinant,
    multiplied,
    scaled,
    size_of,
    transposed,
)
from matdiff.numbers.numerics import OPERATIONS
from matdiff.numbers.precision import mp
from matdiff.numbers.sample import draw_values
from matdiff.numbers.values import DIGITS, Arithmetic, Evaluation
from matdiff.read.parse import parse
from matdiff.recover.lines import written_out

WORDS = [row for row in FUNCTIONS.values() if row.is_word]


def declared(row: Function, pattern: int = 0) -> tuple[str, list[str]]:
    """A call of the function on variables that fit its pattern: ("kron(X, Z)", ["X: a x b", ...])."""
    if not row.patterns:
        return row.call("X"), ["X: m x n"]
    names = ("X", "Z", "V", "W")[: row.arity]
    if row.form == "frechet" and FUNCTIONS[row.of].arity == 1:
        names = ("X", "V", "W")[: row.arity]
    declarations = []
    for name, (rows, columns) in zip(names, row.patterns[pattern][0]):
        kind = f"{row.domain} " if row.domain in ("spd", "symmetric") and rows == columns and name == "X" else ""
        shape = "scalar" if (rows, columns) == ("1", "1") else rows if columns == "1" else rows if kind else f"{rows} x {columns}"
        declarations.append(f"{name}: {kind}{shape}")
    return row.call(*names), declarations


CALLS = [
    pytest.param(row, *declared(row, pattern), id=f"{row.name}-{pattern}")
    for row in WORDS
    for pattern in range(max(1, len(row.patterns)))
]


def checked(answer: Derivative, trials: int = 3) -> None:
    report = verify.verify(answer, most=trials)
    assert report.passed, (answer.text, report)


@pytest.mark.parametrize(("row", "call", "declarations"), CALLS)
def test_first_derivative(row: Function, call: str, declarations: list[str], trials: int) -> None:
    """Of the function itself and inside a scalar, by the argument, at random points of its domain."""
    structure = "ignore" if row.domain == "spd" else "project"
    if row.order == 2:
        with pytest.raises(NoClosedForm):
            differentiate(call, "X", declarations=declarations)
        checked(differentiate(call, "V", declarations=declarations), trials)
        checked(differentiate(call, "W", declarations=declarations), trials)
        return
    checked(differentiate(call, "X", declarations=declarations, structure=structure), trials)
    checked(differentiate(f"sum(exp({call} ./ 10))", "X", declarations=declarations), trials)


@pytest.mark.sampled(3)
@pytest.mark.parametrize(("row", "call", "declarations"), [c for c in CALLS if c.values[0].form != "frechet"])  # type: ignore[attr-defined]
def test_second_derivative(row: Function, call: str, declarations: list[str], trials: int) -> None:
    checked(differentiate(f"sum({call})", "X", order=2, declarations=declarations), trials)


@pytest.mark.parametrize("row", [row for row in WORDS if row.form == "matrix"], ids=lambda row: row.name)
def test_derivative_of_a_trace_is_a_matrix(row: Function) -> None:
    """Of a primary function in closed form."""
    call, _ = declared(row)
    answer = differentiate(f"tr({call})", "X", declarations=["X: spd n", "Z: scalar"], structure="ignore")
    assert answer.result.form == "matrix"
    assert (f"d{row.name}" in answer.text) == (not row.rules)
    checked(answer)


@pytest.mark.parametrize(("row", "call", "declarations"), CALLS)
def test_spellings(row: Function, call: str, declarations: list[str]) -> None:
    """Every style has a spelling, and the text is read back as the same expression."""
    typed = differentiate(call, order=0, declarations=declarations).typed
    again = infer(parse(text(typed.expr))[-1].expr, typed.variables, {}).expr
    assert again.shape == typed.expr.shape
    assert text(again) == text(typed.expr)
    assert unicode(typed.expr) and latex(typed.expr)


@pytest.mark.parametrize("row", [row for row in WORDS if row.aliases], ids=lambda row: row.name)
def test_aliases(row: Function) -> None:
    call, declarations = declared(row)
    for alias in row.aliases:
        renamed = call.replace(row.name, alias, 1)
        assert differentiate(renamed, order=0, declarations=declarations).typed.expr.op == row.name


def test_a_shape_rule_is_checked() -> None:
    """A size that a pattern names twice must agree."""
    declared_sizes = differentiate("kron(A, B)", order=0, declarations=["A: 2 x 3", "B: 4 x 5"]).typed.expr.shape
    assert declared_sizes == (size(8), size(15))


@pytest.mark.slow
def test_second_derivative_of_an_eigenvector_with_ignored_structure() -> None:
    answer = differentiate("a^T eigmaxproj(S) S b", "S", order=2, declarations="S: symmetric n", structure="ignore")
    assert answer.verify().passed


def test_the_root_of_a_singular_matrix_is_refused_at_once() -> None:
    """Where several eigenvalues are 0; an iteration would go on for some millions of calls."""
    column = [[mp.mpf(entry)] for entry in (1, 2, 3, 4)]
    singular = multiplied(column, transposed(column))

    def root() -> None:
        with mp.workdps(40), pytest.raises(Undefined):
            OPERATIONS["sqrtm"](singular)

    assert growth.calls(root) < 200_000


def test_a_pseudoinverse_with_equal_singular_values() -> None:
    assert differentiate("tr(pinv(K) A)", "K", declarations="K: skew 3").verify().passed


# --- columns --------------------------------------------------------------------------------------------------------------

SIZES = {letter: place + 2 for place, letter in enumerate("nmijkl")}
DEFINED = [
    pytest.param(row, pattern, id=f"{row.name}-{pattern}")
    for row in FUNCTIONS.values()
    if row.values
    for pattern in range(max(1, len(row.patterns)))
]


def points(row: Function, pattern: int) -> Iterator[list[Matrix]]:
    """Arguments in the domain of the row, with sizes that fit the pattern."""
    pairs = row.patterns[pattern][0] if row.patterns else (("m", "n"),)
    manner = {"positive": "positive", "unit": "unit", "invertible": "dominant"}.get(row.domain, "normal")
    for seed in range(3):
        drawn = []
        for place, pair in enumerate(pairs):
            shape = tuple(size(1 if letter == "1" else SIZES[letter]) for letter in pair)
            prop = row.domain if row.domain in ("spd", "symmetric") and not place and shape[0] == shape[1] else None
            variable = Variable("X", "matrix", (shape[0], shape[1]), prop)
            drawn.append(draw_values([variable], {}, (row.name, seed, place), manner)["X"])
        yield drawn


def applied(row: Function, *args: Matrix) -> Matrix:
    """The value of a function as the numbers have it."""
    return Evaluation({}, {}, {}).applied(row.name, *args)


class WithoutSpelling(Arithmetic):
    """Numbers without arithmetic of its own for one function."""

    def __init__(self, function: str) -> None:
        self.operations = {name: operation for name, operation in Arithmetic.operations.items() if name != function}


def difference(one: Matrix, other: Matrix) -> Number:
    assert size_of(one) == size_of(other)
    return max(abs(x - y) for first, second in zip(one, other) for x, y in zip(first, second))


def evaluated(source: str, **values: Matrix) -> Matrix:
    """A formula of a row at a point."""
    variables = {}
    for name, value in values.items():
        rows, columns = map(size, size_of(value))
        kind = "scalar" if (rows, columns) == SCALAR else "vector" if columns.is_one else "matrix"
        variables[name] = Variable(name, kind, (rows, columns), None)
    return Evaluation(values, {}, {}).value(infer(rule_expr(source), variables, {}, soft=False).expr)


@pytest.mark.parametrize(("row", "pattern"), DEFINED)
def test_definition_and_arithmetic_agree(row: Function, pattern: int) -> None:
    """`value` against what `numerics` computes directly, with many digits."""
    compared = 0
    with mp.workdps(DIGITS):
        for args in points(row, pattern):
            try:
                defined = Evaluation({}, {}, {}, WithoutSpelling(row.name)).applied(row.name, *args)
            except Undefined:  # the root of a singular matrix, say, where the condition of the row does not hold
                continue
            compared += 1
            assert difference(OPERATIONS[row.name](*args), defined) < 1e-25
    assert compared


def rank_of(matrix: Matrix) -> Matrix:
    """The trace of the projector onto the columns."""
    return OPERATIONS["tr"](multiplied(matrix, OPERATIONS["pinv"](matrix)))


@pytest.mark.parametrize("row", [row for row in FUNCTIONS.values() if row.power], ids=lambda row: row.name)
def test_powers_of_a_matrix(row: Function) -> None:
    """By what multiplying the power with itself gives: X^(1/2) X^(1/2) = X, X^-1 X = I, X^z X^(1 - z) = X."""
    for first, *others in points(row, 0):
        value = OPERATIONS[row.name](first, *others)
        if row.power == "Z":
            rest = OPERATIONS[row.name](first, added([[mp.mpf(1)]], scaled(-1, others[0])))
            assert difference(multiplied(value, rest), first) < 1e-12
        else:
            exponent = Fraction(row.power)
            factors = [value] * exponent.denominator + [first] * max(0, -exponent.numerator)
            product = reduce(multiplied, factors)
            expected = first if exponent > 0 else [[mp.mpf(i == j) for j in range(len(first))] for i in range(len(first))]
            assert difference(product, expected) < 1e-12


@pytest.mark.parametrize("row", [row for row in FUNCTIONS.values() if row.range], ids=lambda row: row.name)
def test_values_lie_in_the_range(row: Function) -> None:
    """At points in the domain, far ones too, and the range is no wider than it must be."""
    seen = []
    for pattern in range(max(1, len(row.patterns))):
        for args in points(row, pattern):
            for factor in (mp.mpf("0.01"), 1, 8):
                try:
                    value = applied(row, scaled(factor, args[0]), *args[1:])
                except Overlarge:
                    continue
                if row.range == "invertible":
                    assert factor == 8 or abs(determinant(value)) > 0  # what is far is singular to rounding
                elif row.range == "rank of X":
                    assert factor == 8 or difference(rank_of(value), rank_of(args[0])) < 1e-12
                else:
                    seen += [entry for line in value for entry in line]
    if seen:
        low, high = row.bounds
        assert all(low <= entry <= high for entry in seen)
        assert not row.is_positive or all(entry > 0 for entry in seen)
        if high - low < inf:
            assert max(seen) - min(seen) > (high - low) / 2
        else:  # numel is at least 6 here
            assert min(seen) < max(low, -8) + 6 and max(seen) > min(high, 8) - 6


@pytest.mark.parametrize("row", [row for row in WORDS if row.is_linear or row.form == "op"], ids=lambda row: row.name)
def test_linear_functions_are_linear(row: Function) -> None:
    """In the first argument, the others held."""
    for pattern in range(max(1, len(row.patterns))):
        one, other, _ = points(row, pattern)
        total = applied(row, added(one[0], scaled(-2, other[0])), *one[1:])
        parts = added(applied(row, *one), scaled(-2, applied(row, other[0], *one[1:])))
        assert difference(total, parts) < 1e-12


@pytest.mark.parametrize("row", WORDS, ids=lambda row: row.name)
def test_values_have_the_size_of_the_pattern(row: Function) -> None:
    for pattern, (inputs, output) in enumerate(row.patterns):
        letters = {"1": 1, **SIZES}
        args = next(points(row, pattern))
        assert [size_of(arg) for arg in args] == [tuple(letters[letter] for letter in pair) for pair in inputs]
        expected = tuple(prod(letters[letter] for letter in token.split("*")) for token in output)
        assert size_of(applied(row, *args)) == expected


@pytest.mark.parametrize("row", [row for row in FUNCTIONS.values() if row.transposition], ids=lambda row: row.name)
def test_functions_of_a_transpose(row: Function) -> None:
    function = OPERATIONS[row.name]
    for first, *others in points(row, 0):
        value, turned = (function(argument, *others) for argument in (first, transposed(first)))
        assert difference(turned, value if row.transposition == "invariant" else transposed(value)) < 1e-12
        assert row.transposition != "symmetric" or difference(value, transposed(value)) < 1e-12


@pytest.mark.parametrize("row", [row for row in FUNCTIONS.values() if row.on_scalar], ids=lambda row: row.name)
def test_functions_of_a_number(row: Function) -> None:
    for number in ("0.7", "1.3"):
        args = dict(zip(ARGUMENTS, ([[mp.mpf(number)]], [[mp.mpf("0.3")]])))
        assert difference(OPERATIONS[row.name](*list(args.values())[: row.arity]), evaluated(row.on_scalar, **args)) < 1e-12


@pytest.mark.parametrize("row", [row for row in FUNCTIONS.values() if row.on_diagonal], ids=lambda row: row.name)
def test_functions_of_a_diagonal_matrix(row: Function) -> None:
    args = dict(zip(ARGUMENTS, ([[mp.mpf(entry)] for entry in ("0.7", "1.3", "2")], [[mp.mpf("0.3")]])))
    first, *others = list(args.values())[: row.arity]
    found = OPERATIONS[row.name](OPERATIONS["diag"](first), *others)
    assert difference(found, OPERATIONS["diag"](evaluated(row.on_diagonal, **args))) < 1e-12


CONDITIONED = [row for row in FUNCTIONS.values() if row.is_entrywise and row.conditions]


@pytest.mark.parametrize("row", CONDITIONED, ids=lambda row: row.name)
def test_conditions_say_where_there_is_a_derivative(row: Function) -> None:
    """Where a number does not meet the condition, the value or the differential is undefined."""
    (condition,) = row.conditions
    left, sign, bound = condition.split()
    for number in (-3, -1, mp.mpf("-0.4"), 0, mp.mpf("0.4"), 1, 3):
        x = [[mp.mpf(number)]]
        measured = abs(number) if left.startswith("abs") else number
        if measured > int(bound) if sign == ">" else measured < int(bound):
            evaluated(row.rules[0], X=x, Y=OPERATIONS[row.name](x), dX=x)
        else:
            with pytest.raises(Undefined):
                evaluated(row.rules[0], X=x, Y=OPERATIONS[row.name](x), dX=[[mp.mpf(1)]])


@pytest.mark.parametrize("row", [row for row in FUNCTIONS.values() if row.at], ids=lambda row: row.name)
def test_points_without_a_derivative_are_told(row: Function) -> None:
    """With what is used there; the slopes on both sides of it differ, or the value jumps."""
    call, declarations = declared(row)
    answer = differentiate(f"sum({call})", "X", declarations=declarations)
    (remark,) = [remark for remark in answer.remarks if isinstance(remark, NotSmooth)]
    assert (remark.function, remark.at, remark.used) == (word_of(row.name), row.at, row.note) and row.note
    if row.is_entrywise:
        near = mp.mpf(10) ** -9
        before, there, after = (OPERATIONS[row.name]([[number]])[0][0] for number in (-near, mp.mpf(0), near))
        assert max(abs(after - there), abs(there - before)) > 0.5 or abs(after - 2 * there + before) > near / 2


@pytest.mark.parametrize("row", [row for row in FUNCTIONS.values() if row.values], ids=lambda row: row.name)
def test_nothing_is_defined_by_itself(row: Function) -> None:
    """By way of the other definitions neither, which would never end."""
    seen: set[str] = set()
    waiting = [row]
    while waiting:
        for value in waiting.pop().values:
            for node in post_order(rule_expr(value)):
                assert node.op != row.name
                if node.op in FUNCTIONS and node.op not in seen:
                    seen.add(node.op)
                    waiting.append(FUNCTIONS[node.op])


@pytest.mark.parametrize("row", [row for row in FUNCTIONS.values() if row.words], ids=lambda row: row.name)
def test_matrix_functions_that_an_elementwise_one_may_mean(row: Function) -> None:
    answer = differentiate(f"sum({row.on_diagonal})", "X", declarations="X: n x n")
    (remark,) = [remark for remark in answer.typed.remarks if isinstance(remark, EntrywiseFunction)]
    assert remark.matrix_function == row.name
    assert any(f"for the matrix {row.words}" in help.message for help in diagnose(remark, f"sum({row.on_diagonal})").help)


@pytest.mark.parametrize("row", FUNCTIONS.values(), ids=lambda row: row.name)
def test_every_place_knows_the_row(row: Function) -> None:
    """By a spelling or by the definition; the derivatives of functions of matrices are spelled by these.

    A function of rows is known where it is spelled, or made of functions of other kinds.
    """
    assert row.values or row.along or row.name in Arithmetic.operations
    needed = {row.name, row.of}
    if row.along:
        call = differentiate(row.call("X"), order=0, declarations=["X: m x n"]).typed.expr
        made_of = [FUNCTIONS[node.op] for node in post_order(written_out(call)) if node.op in FUNCTIONS]
        needed = {lifted(part.of, "rows") for part in made_of if part.along}
    for place in LANGUAGES.values():
        module, _, name = place.partition(":")
        functions = getattr(import_module(f"matdiff.code.languages.{module}"), name).functions
        known = {*functions, *PLANNED}
        assert needed <= known if row.along else row.values or needed & known, name


def test_the_table_is_extended_for_a_block_only() -> None:
    before = dict(FUNCTIONS), dict(NAMES)
    twice = Function("twice", "macro", "m n -> m n", value="2 X", aliases="doubled")
    with extended(twice):
        assert differentiate("sum(doubled(X))", "X").text == "2 ones(m, n)"
    assert (dict(FUNCTIONS), dict(NAMES)) == before
    with pytest.raises(UnknownFunction), extended():
        differentiate("sum(twice(X))", "X")


@pytest.mark.parametrize("names", [("exp", ""), ("thrice", "ln"), ("eye", "")])
def test_a_row_needs_a_free_name(names: tuple[str, str]) -> None:
    before = dict(NAMES)
    with pytest.raises(ValueError, match="there is a function"), extended(Function(names[0], "each", aliases=names[1])):
        pass
    assert before == NAMES
