"""`checked_forms`: whether all that a text says to be equal, `f = a = b`, is equal."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import TYPE_CHECKING

from matdiff.choose.expand import expanded
from matdiff.infer.infer import Typed, infer
from matdiff.language.errors import FormsDiffer, MatdiffError
from matdiff.language.queries import shape_of
from matdiff.language.syntax import Expr
from matdiff.language.text import text
from matdiff.laws.simplify import simplify
from matdiff.tensor import build
from matdiff.tensor.lift import lower
from matdiff.tensor.nodes import Session, entered

if TYPE_CHECKING:
    from matdiff.answer.answer import Inputs

# Forms that differ by less, in proportion, are equal but for rounding.
_ROUNDING = 1e-25


def checked_forms(inputs: Inputs) -> Inputs:
    """The inputs, with the last form of each value that can be read alone: sizes that it leaves open others may tell.

    Raises FormsDiffer, or what is wrong in a form; nothing where no point is found at which they have values.
    """
    definitions = {one.name: one.expr for one in inputs.definitions}
    said = [(inputs.question.expr, form) for form in inputs.question.forms]
    said += [(one.expr, form) for one in inputs.definitions for form in one.forms]
    for expr, form in said:
        assert form.span is not None and expr.span is not None
        if not _are_equal(inputs, expr, form, definitions):
            raise FormsDiffer(span=form.span, other=expr.span, forms=(text(form), text(expr)))

    def readable(expr: Expr, forms: tuple[Expr, ...]) -> Expr:
        for form in (expr, *reversed(forms)) if forms else ():
            try:
                infer(form, inputs.declarations, definitions, kinds=inputs.kinds)
            except MatdiffError:
                continue
            return form
        return expr

    question = copy(inputs.question)
    question.expr = readable(question.expr, question.forms)
    chosen = [copy(one) for one in inputs.definitions]
    for one in chosen:
        one.expr = readable(one.expr, one.forms)
    return inputs._replace(question=question, definitions=chosen)


def _are_equal(inputs: Inputs, one: Expr, other: Expr, definitions: Mapping[str, Expr]) -> bool:
    difference = Expr("+", (one, Expr("neg", (other,), span=other.span)), span=one.span)
    try:
        typed = infer(difference, inputs.declarations, definitions, kinds=inputs.kinds)
    except MatdiffError:
        infer(other, inputs.declarations, definitions, kinds=inputs.kinds)  # or is it wrong in itself
        return False
    left, right = typed.expr.args[0], typed.expr.args[1].args[0]
    if shape_of(left) != shape_of(right):
        return False
    with entered(Session()):
        value = simplify(lower(typed)[0])
        return build.number_of(value) == 0 or build.number_of(expanded(value, ())) == 0 or _are_near(typed, left, right)


def _are_near(typed: Typed, left: Expr, right: Expr) -> bool:
    """Whether both have the same values at points of several sizes and scales."""
    from matdiff.numbers.matrices import Undefined, added, largest_entry, scaled  # loads mpmath
    from matdiff.numbers.points import Sampler
    from matdiff.numbers.precision import mp
    from matdiff.numbers.values import DIGITS, evaluate

    with mp.workdps(DIGITS):
        for point in Sampler(typed, (), 0, {}).points():
            with mp.workdps(DIGITS + point.more):
                try:
                    values = [evaluate(side, point.values, point.sizes, typed.definitions) for side in (left, right)]
                except Undefined:
                    continue
                largest = max(map(largest_entry, values))
                if largest_entry(added(values[0], scaled(-1, values[1]))) > _ROUNDING * largest:
                    return False
    return True
