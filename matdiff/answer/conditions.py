"""What a formula needs (X invertible, x > 0), where it has no derivative, and how it is meant.

The domains of functions are read off their rows; from a result come the inverses and quotients that differentiating brought in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from matdiff.derive.structure import turns_with_variable
from matdiff.functions import FUNCTIONS, MATRIX_POWER, row_of, word_of
from matdiff.infer.infer import Typed
from matdiff.infer.rules import is_euclidean
from matdiff.language.errors import NotSmooth, OperatorForm, OwnSpace, Remark
from matdiff.language.queries import constant, index_names, is_scalar, names_in, post_order, rebuilt, shape_of
from matdiff.language.syntax import Expr
from matdiff.language.text import text
from matdiff.recover.entries import letters_beside

# What the declaration of a variable says already.
_KNOWN = {
    "spd": ("invertible", "without eigenvalues <= 0"),
    "orthogonal": ("invertible",),
}
# Positive numbers that are no function of a value.
_POSITIVE = ("rows", "cols", "size", "pi", "ones")


class Conditions:
    """Conditions such as "X invertible" and "x != 0", each once: of the input, found once for all results, then of one beside it."""

    def __init__(self, typed: Typed) -> None:
        parts = _parts(typed)
        smooth = {id(part.args[0]) for part in parts if part.op == "^" and _is_even(part.args[1])}
        self.asked: dict[str, None] = {}
        for part in parts:
            if not (id(part) in smooth and is_euclidean(part)):  # ||x||^2 has a derivative everywhere
                self.asked.update(dict.fromkeys(_domain(part)))
            self.asked.update(dict.fromkeys(_not_zero(part)))
        self.known = {
            f"{variable.name} {word}" for variable in typed.variables.values() for word in _KNOWN.get(variable.property or "", ())
        }

    def beside(self, results: Sequence[Expr]) -> tuple[str, ...]:
        """Those of the input and of the results."""
        found = dict(self.asked)
        for part in (part for root in results for part in post_order(root)):
            if part.op == "inv" or _is_inverse_power(part):
                found.update(dict.fromkeys(_domain(part)))
            if part.op in ("/", "./"):
                found.update(dict.fromkeys(_not_zero(part)))
        return tuple(c for c in found if c not in self.known and not _follows(c, found))


def _parts(typed: Typed) -> list[Expr]:
    return [part for root in (*typed.definitions.values(), typed.expr) for part in post_order(root)]


def _follows(condition: str, found: Iterable[str]) -> bool:
    """Whether a stronger one was found: x > 0, or X != 0 with a simple largest singular value."""
    name = condition.removesuffix(" != 0")
    return name != condition and any(other == f"{name} > 0" or other.startswith(f"{condition} with") for other in found)


def _domain(part: Expr) -> Iterator[str]:
    """What the row of a function asks for."""
    if part.op == "^" and not is_scalar(part) and shape_of(part)[0] == shape_of(part)[1]:
        exponent = constant(part.args[1])
        if isinstance(exponent, int) and exponent >= 0:
            return
        name = "inv" if isinstance(exponent, int) else MATRIX_POWER
    else:
        name = part.op
    row = FUNCTIONS.get(name)
    if row is None or not row.conditions or constant(part.args[0]) is not None:
        return
    argument = part.args[0]
    given = is_positive(argument) if row.conditions == ("{0} > 0",) else name == "inv" and _is_invertible(argument)
    if not given:
        ones = [dim.is_one for arg in part.args for dim in shape_of(arg)]
        yield row.conditions[min(row.variant(ones), len(row.conditions) - 1)].format(_shown(argument))


def _is_invertible(expr: Expr) -> bool:
    """Whether a matrix is invertible wherever it is defined: expm(X) always, sqrtm(X) and X^a because of their own conditions."""
    if expr.op == "^":
        return not isinstance(constant(expr.args[1]), int)
    return row_of(expr.op).range == "invertible"


def _not_zero(part: Expr) -> Iterator[str]:
    """What stands below a fraction bar is not zero; the base of a fractional or unknown power is positive."""
    if part.op in ("/", "./"):
        for factor in _factors(part.args[1]):
            if not is_positive(factor):
                base = factor.args[0] if factor.op in ("^", ".^") else factor
                base = base.args[0] if _asks_not_zero(base) else base
                yield f"{_shown(base.args[0])} > 0" if base.op == "sqrt" else f"{_shown(base)} != 0"
    elif part.op == ".^" or (part.op == "^" and is_scalar(part)):
        base, exponent = part.args
        value = constant(exponent)
        if not is_positive(base) and not (isinstance(value, int) and value >= 0):
            yield f"{_shown(base)} {'!=' if isinstance(value, int) else '>'} 0"


def _shown(part: Expr) -> str:
    """The text with the first letters that are no names for the indices, so that what holds for each S_k is told once."""
    letters = dict.fromkeys(index_names(post_order(part)))
    if not letters:
        return text(part)
    known = dict(zip(letters, letters_beside([str(name.value) for name in names_in(part)])))
    return text(
        rebuilt(part, lambda _, again: Expr("index", again.args, known[str(again.value)]) if again.op == "index" else again)
    )


def _asks_not_zero(expr: Expr) -> bool:
    """Whether it is a function such as a norm, which is zero only where its argument is, and has no derivative there."""
    return row_of(expr.op).conditions[:1] == ("{0} != 0",)


def _factors(divisor: Expr) -> tuple[Expr, ...]:
    if divisor.op == ".*" or (divisor.op == "*" and all(is_scalar(factor) for factor in divisor.args)):
        return divisor.args
    return (divisor,)


def is_positive(expr: Expr) -> bool:
    """Whether every entry is surely positive."""
    if expr.op == "number":
        return (constant(expr) or 0) > 0
    if expr.op in _POSITIVE or row_of(expr.op).is_positive:
        return True
    if expr.op == "+":
        return all(_is_not_negative(term) for term in expr.args) and any(is_positive(term) for term in expr.args)
    if expr.op in (".*", "/", "./") or (expr.op == "*" and is_scalar(expr)):
        return all(is_positive(factor) for factor in expr.args)
    return expr.op in ("sqrt", "^", ".^") and is_positive(expr.args[0])


def _is_not_negative(expr: Expr) -> bool:
    """Whether no entry is negative: positive, a square, a sum or product of such."""
    if is_positive(expr) or row_of(expr.op).is_never_negative:
        return True
    if expr.op in ("^", ".^"):
        return _is_even(expr.args[1]) and (expr.op == ".^" or is_scalar(expr))
    if expr.op == "*" and len(expr.args) == 2 and expr.args[0].op == "'" and expr.args[0].args[0] == expr.args[1]:
        return is_scalar(expr)
    return expr.op in ("+", ".*", "*", "/", "./") and bool(expr.args) and all(_is_not_negative(arg) for arg in expr.args)


def _is_even(exponent: Expr) -> bool:
    return isinstance(exponent.value, int) and exponent.value % 2 == 0


def _is_inverse_power(part: Expr) -> bool:
    """A negative power of a matrix; of a scalar it is a quotient."""
    if part.op != "^" or is_scalar(part):
        return False
    exponent = constant(part.args[1])
    return isinstance(exponent, int) and exponent < 0


def remarks_on(
    typed: Typed, wrt: Sequence[str], structure: str, shown: Sequence[Expr], twice: Collection[str] = ()
) -> list[Remark]:
    """What somebody should know who reads these formulas; by the variables in `twice` is differentiated more than once."""
    return [*typed.remarks, *_smoothness(typed), *_meanings(shown, typed), *_conventions(typed, wrt, structure, twice)]


def _smoothness(typed: Typed) -> list[Remark]:
    """A remark for every function that has points without a derivative."""
    found: dict[str, Remark] = {}
    for part in _parts(typed):
        row = FUNCTIONS.get(part.op)
        if row is not None and row.at and part.op not in found and part.span is not None:
            found[part.op] = NotSmooth(span=part.span, function=word_of(part.op), at=row.at, used=row.note)
    return list(found.values())


def _meanings(results: Sequence[Expr], typed: Typed) -> list[Remark]:
    """A remark for every derivative of a matrix function that a result could only name: what dexpm(X, E) is."""
    asked = _parts(typed)
    found: dict[str, Remark] = {}
    for part in (part for root in results for part in post_order(root)):
        row = FUNCTIONS.get(part.op)
        if row is None or row.form != "frechet" or part.op in found:
            continue
        source = next(
            (p for p in asked if p.op in (row.of, "^" if row.of == MATRIX_POWER else row.of) and p.span is not None), None
        )
        args = ["X", "a"][: row.arity - row.order] + ["E", "F"][: row.order]
        span = None if source is None else source.span
        found[part.op] = OperatorForm(span=span, operator=f"{row.name}({', '.join(args)})", function=row.of, meaning=row.meaning)
    return list(found.values())


def _conventions(typed: Typed, wrt: Sequence[str], structure: str, twice: Collection[str] = ()) -> list[Remark]:
    """A remark for every structured variable of an answer: among which matrices the derivative is taken.

    By the variables in `twice` it is differentiated more than once.
    """
    found: list[Remark] = []
    for name in dict.fromkeys(wrt):
        variable = typed.variables[name]
        if variable.property is not None and not is_scalar(Expr("name", (), name, shape=variable.shape)):
            covariant = name in twice and turns_with_variable(variable.property, structure)
            found.append(OwnSpace(variable=name, property=variable.property, structure=structure, is_covariant=covariant))
    return found
