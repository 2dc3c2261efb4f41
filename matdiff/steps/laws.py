"""The laws that derivations name: a table of equations in matdiff's own language, and the differentials of the function table.

In an equation `dX` is the differential of `X`.  Every equation holds for all values of its names; the tests try them.
"""

from __future__ import annotations

from functools import cache

from matdiff.dims import Dim, Shape, size
from matdiff.formula import name as named
from matdiff.formula import shape_of
from matdiff.functions import FUNCTIONS
from matdiff.infer import infer
from matdiff.lower import rule_expr
from matdiff.parse import Question, parse, parse_declaration
from matdiff.parts import replaced_names
from matdiff.render.spelling import kind_of
from matdiff.steps.build import differential, substituted
from matdiff.steps.derivation import Law
from matdiff.syntax import Expr
from matdiff.variables import Variable, declare

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
ADDED = Law("chain rule, contributions added")
AS_SUMS = Law("written with its sums")

# Equations with the declarations of their names.
_EQUATIONS = {
    "cyclic trace": ("tr(A B) = tr(B A)", "A: m x n; B: n x m"),
    "trace": ("tr(B^T C) = B : C", "B, C: m x n"),
    "sum of products": ("sum(u .* v) = u^T v", "u, v: n"),
    "sum of matrix products": ("sum(A .* B) = A : B", "A, B: m x n"),
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
    "inverse": ("d(inv(U)) = -inv(U) dU inv(U)", "U, dU: n x n"),
    "trace of expm": ("d(tr(expm(U))) = tr(expm(U) dU)", "U, dU: n x n"),
    "trace of logm": ("d(tr(logm(U))) = tr(inv(U) dU)", "U, dU: n x n"),
    "trace of sqrtm": ("d(tr(sqrtm(U))) = tr(1/2 inv(sqrtm(U)) dU)", "U, dU: n x n"),
    "expm": ("d(expm(U)) = dexpm(U, dU)", "U, dU: n x n"),
    "logm": ("d(logm(U)) = dlogm(U, dU)", "U, dU: n x n"),
    "sqrtm": ("d(sqrtm(U)) = dsqrtm(U, dU)", "U, dU: n x n"),
    "adjoint of dexpm": ("A : dexpm(X, B) = dexpm(X^T, A) : B", "A, B, X: n x n"),
    "adjoint of dlogm": ("A : dlogm(X, B) = dlogm(X^T, A) : B", "A, B, X: n x n"),
    "adjoint of dsqrtm": ("A : dsqrtm(X, B) = dsqrtm(X^T, A) : B", "A, B, X: n x n"),
}

# Differentials of the abbreviations; their rows hold the definitions, from which these follow.  Y is the value.
_ABBREVIATIONS = {
    "sqrt": "dX ./ (2 .* Y)",
    "norm": "(X : dX) / Y",
    "norm2": "X' dX / Y",
    "norm1": "sign(X) : dX",
    "maxnorm": "argmax(abs(X)) : (sign(X) .* dX)",
    "nucnorm": "tr(inv(sqrtm(X' X)) X' dX)",
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


def has_rule(function: str) -> bool:
    """Whether the function has a textbook differential: a row with a rule of its own, or an abbreviation."""
    return function in _ABBREVIATIONS or (function in FUNCTIONS and FUNCTIONS[function].form in ("each", "func"))


def differential_of(function: str, argument: Expr, change: Expr, shape: Shape) -> Expr:
    """The differential of function(argument), a value of this shape, for a change of its argument: the rule of the row."""
    rule, letters = _typed_rule(function, _kind(shape_of(argument)), _kind(shape))
    sizes: dict[str, Dim] = {}
    for pair, dims in ((letters[0], shape_of(argument)), (letters[1], shape)):
        sizes.update({letter: dim for letter, dim in zip(pair, dims) if letter})
    value = Expr(function, (argument,), shape=shape)
    return substituted(rule, {"X": argument, "Y": value, "dX": change}, sizes)


def _kind(shape: Shape) -> tuple[bool, bool]:
    return shape[0].is_one, shape[1].is_one


Pair = tuple[str, str]


@cache
def _typed_rule(function: str, argument: tuple[bool, bool], value: tuple[bool, bool]) -> tuple[Expr, tuple[Pair, Pair]]:
    """The rule typed for arguments and values of these kinds, with the size names of both, empty where a size is 1."""
    row = FUNCTIONS[function]
    pairs = (row.patterns[0][0][0], row.patterns[0][1]) if row.patterns else (("m", "n"), ("m", "n"))
    letters = []
    variables = {}
    for names, pair, ones in ((("X", "dX"), pairs[0], argument), (("Y",), pairs[1], value)):
        shown = ["" if one or letter == "1" else letter for letter, one in zip(pair, ones)]
        letters.append((shown[0], shown[1]))
        rows, columns = (size(letter) if letter else size(1) for letter in shown)
        for text in names:
            variables[text] = Variable(text, kind_of((rows, columns)), (rows, columns), None)
    source = _parsed(_ABBREVIATIONS[function]) if function in _ABBREVIATIONS else rule_expr(function)
    return infer(source, variables, {}, soft=False).expr, (letters[0], letters[1])


@cache
def law_of(function: str, argument: Shape, value: Shape) -> Law:
    """The differential of a function as a law about `u` or `U`: d(exp(u)) = exp(u) .* du."""
    kind = kind_of(argument)
    generic = named("U" if kind == "matrix" else "u", argument)
    left = differential(Expr(function, (generic,), shape=value))
    return Law("", (left, differential_of(function, generic, differential(generic), value)))
