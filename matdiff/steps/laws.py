"""The laws that derivations name: a table of equations in matdiff's own language, and the differentials of the function table.

In an equation `dX` is the differential of `X`.  Every equation holds for all values of its names; the tests try them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from matdiff.functions import FUNCTIONS, row_of
from matdiff.infer.infer import infer
from matdiff.infer.rules import ARGUMENTS, WITHOUT_INVERSE, kinds_of, sizes_in, substituted, typed_rule, typed_value
from matdiff.infer.variables import declare
from matdiff.language.dims import SCALAR
from matdiff.language.kinds import Variable, kind_of
from matdiff.language.make import name as named
from matdiff.language.queries import ones_of, replaced_names, shape_of
from matdiff.language.syntax import Expr
from matdiff.read.parse import Question, parse, parse_declaration
from matdiff.recover.lines import typed_definition, typed_differential
from matdiff.steps.build import differential, remade, times, transposed
from matdiff.steps.derivation import Law

PRODUCT_RULE = Law("product rule")
QUOTIENT_RULE = Law("quotient rule")
CHAIN_RULE = Law("chain rule")
LINEAR = Law("linearity")
COLLECT = Law("collect")
ENTRIES = Law("entry by entry")
DELTAS = Law("contract the deltas")
PUT_IN = Law("definitions put in")
SIMPLIFY = Law("simplify")
AS_MATRIX = Law("as a matrix")
AS_VECTOR = Law("as a vector")
FACTORS = Law("the factors put in")
CONTRACTIONS = Law("chain rule as double contractions")
ADDED = Law("chain rule, contributions added")
AS_SUMS = Law("written with its sums")

# Equations with the declarations of their names.
_EQUATIONS = {
    "cyclic trace": ("tr(A B) = tr(B A)", "A: m x n; B: n x m"),
    "trace": ("tr(B^T C) = B : C", "B, C: m x n"),
    "sum of products": ("sum(u .* v) = u^T v", "u, v: n"),
    "sum of matrix products": ("sum(A .* B) = A : B", "A, B: m x n"),
    "mean of products": ("mean(u .* v) = u^T v / rows(u)", "u, v: n"),
    "mean of matrix products": ("mean(A .* B) = (A : B) / numel(A)", "A, B: m x n"),
    "sum": ("sum(u) = ones(n)^T u", "u: n"),
    "sum of a matrix": ("sum(A) = ones(m, n) : A", "A: m x n"),
    "matrix between vectors": ("a^T M b = (a b^T) : M", "a: m; M: m x n; b: n"),
    "adjoint of a matrix": ("u^T A v = (A^T u)^T v", "u: m; A: m x n; v: n"),
    "scalar transpose": ("u^T v = v^T u", "u, v: n"),
    "frobenius of a product": ("A : (B C) = (B^T A) : C", "A: m x n; B: m x p; C: p x n"),
    "frobenius of a left factor": ("A : (B C) = (A C^T) : B", "A: m x n; B: m x p; C: p x n"),
    "frobenius of a transpose": ("A : B^T = A^T : B", "A: m x n; B: n x m"),
    "frobenius of an outer product": ("A : (u v^T) = (A v)^T u", "A: m x n; u: m; v: n"),
    "hadamard between vectors": ("u^T (v .* w) = (u .* v)^T w", "u, v, w: n"),
    "hadamard in frobenius": ("A : (B .* C) = (A .* B) : C", "A, B, C: m x n"),
    "diagonal of a vector": ("A : diag(u) = diag(A)^T u", "A: n x n; u: n"),
    "diagonal of a matrix": ("u^T diag(A) = diag(u) : A", "A: n x n; u: n"),
    "hadamard as diagonal": ("u .* v = diag(u) v", "u, v: n"),
    "vec": ("a^T vec(M) = unvec(a, m, n) : M", "a: m n; M: m x n"),
    "square of a norm": ("d(||u||^2) = 2 u^T du", "u, du: n"),
    "square of a frobenius norm": ("d(||U||^2) = 2 (U : dU)", "U, dU: m x n"),
    "frobenius square": ("d(U : U) = 2 (U : dU)", "U, dU: m x n"),
    "power": ("d(u^alpha) = alpha u^(alpha - 1) du", "u, du, alpha: scalar"),
    "elementwise power": ("d(u .^ alpha) = alpha u .^ (alpha - 1) .* du", "u, du: n; alpha: scalar"),
    "exponential": ("d(alpha^u) = alpha^u log(alpha) du", "u, du, alpha: scalar"),
}


@cache
def law(key: str) -> Law:
    """A law of the table."""
    text, declarations = _EQUATIONS[key]
    variables = declare(parse_declaration(declarations))
    left, _, right = text.partition(" = ")
    return Law("", (_typed_side(left, variables), _typed_side(right, variables)))


def laws() -> list[Law]:
    """All equations of the table."""
    return [law(key) for key in _EQUATIONS]


def _typed_side(text: str, variables: dict[str, Variable]) -> Expr:
    """One side of an equation; `d(...)` around all of it is a differential, and `dX` is that of X."""
    inside = text.startswith("d(") and text.endswith(")")
    typed = infer(_parsed(text[2:-1] if inside else text), variables, {}, soft=False).expr
    changes = {n: differential(named(n[1:], v.shape)) for n, v in variables.items() if n.startswith("d") and n[1:] in variables}
    typed = replaced_names(typed, changes)
    return differential(typed) if inside else typed


def _parsed(text: str) -> Expr:
    statement = parse(text)[0]
    assert isinstance(statement, Question)
    return statement.expr


# --- differentials of functions -------------------------------------------------------------------------------------------


def has_rule(value: Expr) -> bool:
    """Whether a function has a textbook differential: a row with a rule of its own, which an abbreviation may lack."""
    row = FUNCTIONS.get(value.op)
    if row is None or row.form not in ("each", "func", "macro", "lifted") or row.is_linear:
        return False
    if row.along:
        return bool(FUNCTIONS[row.of].rules[:1]) and not any(ones_of(value.args[0]))
    place = _variant(value) if row.form == "macro" else 0
    return place < len(row.rules) and bool(row.rules[place])


def _variant(value: Expr) -> int:
    """The place of the pattern that fits the arguments."""
    return FUNCTIONS[value.op].variant([dim.is_one for arg in value.args for dim in shape_of(arg)])


def has_one_rule(value: Expr) -> bool:
    """Whether its differential is the same where its argument has no inverse."""
    return value.op not in FUNCTIONS or not FUNCTIONS[value.op].singular


def is_matrix_function(function: str) -> bool:
    """Whether the derivative of the function has a name: dexpm."""
    return row_of(function).form == "matrix"


def differential_of(value: Expr, place: int, change: Expr, is_regular: bool = True) -> Expr:
    """The differential of a call for a change of the argument at this place: the rule of its row.

    `is_regular` says whether a matrix that is the argument has an inverse.
    """
    rule = _variant(value) if FUNCTIONS[value.op].form == "macro" else place
    return _put_in(value, {"d" + ARGUMENTS[place]: change}, rule if is_regular or has_one_rule(value) else WITHOUT_INVERSE)


def meaning_of(value: Expr) -> Expr:
    """What an abbreviation stands for, tidied."""
    named_values = dict(zip(ARGUMENTS, value.args))
    shapes = {name: shape_of(part) for name, part in named_values.items()}
    row = FUNCTIONS[value.op]
    typed = (typed_definition if row.along else typed_value)(row, kinds_of(shapes))
    return substituted(typed.expr, named_values, sizes_in(typed, shapes), remade)


def slope_of_trace(value: Expr) -> Expr | None:
    """f'(X), for which d(tr(f(X))) = tr(f'(X) dX); None where f is no primary function of a matrix."""
    row = FUNCTIONS[value.op]
    if not row.rules:
        return None
    return _put_in(value, {}, 0)


def _put_in(value: Expr, changes: Mapping[str, Expr], place: int) -> Expr:
    """A rule of the row of a call, with its arguments, the call itself and changes put in."""
    named_values = {**dict(zip(ARGUMENTS, value.args)), "Y": value, **changes}
    shapes = {name: shape_of(part) for name, part in named_values.items()}
    row, kinds = FUNCTIONS[value.op], kinds_of(shapes)
    rule = typed_differential(row, kinds) if row.along else typed_rule(row, kinds, place)
    return substituted(rule.expr, named_values, sizes_in(rule, shapes), remade)


def law_of(value: Expr, place: int = 0, is_regular: bool = True) -> Law:
    """The differential for a change of one argument as a law about `u` or `U`: d(exp(u)) = exp(u) .* du, d(expm(U)) = dexpm(U, dU)."""
    generic = _generic(value)
    change = differential(generic.args[place])
    if is_matrix_function(value.op) and not place:
        return Law("", (differential(generic), directed(generic, change)))
    return Law("", (differential(generic), differential_of(generic, place, change, is_regular)))


def law_of_trace(value: Expr) -> Law:
    """d(tr(expm(U))) = tr(expm(U) dU)."""
    generic = _generic(value)
    slope = slope_of_trace(generic)
    assert slope is not None
    product = times([slope, differential(generic.args[0])], shape_of(value))
    left = Expr("tr", (generic,), shape=SCALAR)
    return Law("", (differential(left), Expr("tr", (product,), shape=SCALAR)))


def law_of_adjoint(value: Expr) -> Law:
    """A : dexpm(U, B) = dexpm(U^T, A) : B."""
    row = FUNCTIONS[value.op]
    if row.order != 1:
        return Law(f"adjoint of {value.op}")
    shape = shape_of(value)
    left, right = named("A", shape), named("B", shape)
    argument = named("U", shape)
    others = [named(text, shape_of(arg)) for text, arg in zip(("alpha",), value.args[1:-1])]
    one = Expr(value.op, (argument, *others, right), shape=shape)
    other = Expr(value.op, (transposed(argument), *others, left), shape=shape)
    return Law("", (Expr(":", (left, one), shape=SCALAR), Expr(":", (other, right), shape=SCALAR)))


def directed(value: Expr, change: Expr) -> Expr:
    """The derivative of a function of a matrix in a direction: dexpm(X, E) from expm(X) or d2expm(X, E, F) from dexpm(X, E)."""
    row = FUNCTIONS[value.op]
    prefix = "d2" + row.of if row.of else "d" + value.op
    return Expr(prefix, (*value.args, change), shape=value.shape)


def _generic(value: Expr) -> Expr:
    """The function at `u` or `U`; a second argument is `alpha`, `v` or `V`."""
    first, *others = map(shape_of, value.args)
    names = {"scalar": "alpha", "matrix": "V"}
    generic = [named(names.get(kind_of(shape), "v"), shape) for shape in others]
    return Expr(value.op, (named("U" if kind_of(first) == "matrix" else "u", first), *generic), shape=value.shape)
