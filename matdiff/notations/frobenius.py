"""A result by double contractions with the isotropic tensors E_ijkl = d_ik d_jl and F_ijkl = d_il d_jk: E : M = M, F : M = M^T."""

from __future__ import annotations

from collections.abc import Collection

from matdiff.answer.answer import Answer
from matdiff.answer.leftside import arrays_side, left_side
from matdiff.answer.result import Result
from matdiff.language.dims import SCALAR, Shape
from matdiff.language.queries import post_order, shape_of
from matdiff.language.syntax import Expr
from matdiff.notations.change import Change
from matdiff.notations.equation import Equation, NoNotation
from matdiff.notations.linear import Dyad, Map, Mask, NotLinear, Sides, Slope, Term, Turn
from matdiff.recover.writer import Writer
from matdiff.tensor.build import number_of

_WORDS = {
    "E": "E : M = M, (A E Bᵀ) : M = A M B",
    "F": "F : M = Mᵀ",
    ".*": "(P ⊙ E) : M = P ⊙ M",
    "./": "(E ⊘ P) : M = M ⊘ P",
    "dyad": "(V ⋆ G) : M = V (G : M)",
}


def equation(answer: Answer, result: Result) -> Equation:
    """`dY/dW = E X^T : F`; where the result is a matrix already, that is its Frobenius form, dz = X A^T : dW."""
    if result.form == "matrix" and (result.order < 2 or len(result.tensor.dims) < 3):
        return Equation(left_side(answer, result), result.expr)
    if number_of(result.tensor) == 0:
        return Equation(arrays_side(answer, result), Expr("number", (), 0, shape=SCALAR))
    change = Change(answer, result)
    try:
        linear, whole = change.linear(result.order - 1)
        terms = linear.terms(whole)
    except NotLinear:
        raise NoNotation from None
    letters = isotropic_letters({*answer.typed.variables, *answer.typed.definitions, *(part.name for part in result.where)})
    parts = [written(term, shape_of(linear.leaf), letters) for term in terms]
    right = parts[0] if len(parts) == 1 else Expr("+", tuple(parts), shape=SCALAR)
    used = {node.value if node.op == "isotropic" else node.op for node in post_order(right)}
    legend = [words.replace(key, letters.get(key, key), 2) for key, words in _WORDS.items() if letters.get(key, key) in used]
    return Equation(arrays_side(answer, result), right, tuple(legend))


def isotropic_letters(taken: Collection[str]) -> dict[str, str]:
    """What the two tensors are called where E or F is the name of something else."""
    return {letter: letter if letter not in taken else f"{letter}_4" for letter in "EF"}


def isotropic(letter: str, shape: Shape) -> Expr:
    """E or F as it acts on matrices of this shape."""
    return Expr("isotropic", (), letter, shape=shape)


def written(term: Term, shape: Shape, letters: dict[str, str]) -> Expr:
    """A composition of maps on matrices of this shape, `E X^T : F`."""
    scalars = list(term.factors)
    pieces = [tensor_of(map_, letters) for map_ in term.maps] or [isotropic(letters["E"], shape)]
    if scalars:
        head = pieces[0]
        pieces[0] = Expr("*", (*scalars, *(head.args if head.op == "*" else (head,))), shape=SCALAR)
    whole = pieces[0] if len(pieces) == 1 else Expr("contract", tuple(pieces), shape=SCALAR)
    for divisor in term.divisors:
        whole = Expr("/", (whole, divisor), shape=SCALAR)
    return Expr("neg", (whole,), shape=SCALAR) if term.negative else whole


def tensor_of(map_: Map, letters: dict[str, str]) -> Expr:
    """The tensor of a map.  Raises NoNotation."""
    if isinstance(map_, Turn):
        return isotropic(letters["F"], map_.shape)
    if isinstance(map_, Sides):  # E_ijkp stands between the rows of M and the columns of the value
        columns = shape_of(map_.right[-1])[1] if map_.right else map_.shape[1]
        identity = isotropic(letters["E"], (map_.shape[0], columns))
        turned = Writer().transposed_chain(map_.right)
        return Expr("*", (*map_.left, identity, *turned), shape=SCALAR)
    identity = isotropic(letters["E"], map_.shape)
    if isinstance(map_, Mask):
        pair = (identity, map_.factor) if map_.divides else (map_.factor, identity)
        return Expr("./" if map_.divides else ".*", pair, shape=SCALAR)
    if isinstance(map_, Dyad):
        return Expr("dyad", (map_.value, map_.gradient), shape=SCALAR)
    if not isinstance(map_, Slope):
        raise NoNotation
    return Expr(map_.function, map_.args, shape=map_.shape)
