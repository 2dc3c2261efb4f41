"""`einsum`: the array with given subscripts of the axes of its operands, as a sum over an index."""

from __future__ import annotations

import re
from itertools import chain, count, islice
from string import ascii_lowercase
from typing import TYPE_CHECKING

from matdiff.language.errors import IndexSum
from matdiff.language.queries import axis_letters, letter_of, post_order, rebuilt
from matdiff.language.syntax import Expr, Span
from matdiff.read.split import made

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from matdiff.read.lalr import Token


def einsums(tokens: list[Token], text: str) -> list[Token]:
    """`einsum("ij,j->i", A, x)`: the name and the quoted subscripts are one token, which is called with the arrays."""
    result: list[Token] = []
    place = 0
    while place < len(tokens):
        token, behind = tokens[place], tokens[place + 1 : place + 3]
        result.append(token)
        place += 1
        if token != "einsum" or [other.type for other in behind[:1]] != ["LPAR"] or behind[-1] not in ('"', "'"):
            continue
        end = next((later for later in range(place + 2, len(tokens)) if tokens[later] == behind[1]), None)
        if end is not None and [other.type for other in tokens[end + 1 : end + 2]] == ["COMMA"]:
            written = text[behind[1].end_pos : tokens[end].start_pos]
            result[-1:] = [made(token, "EINSUM", written, token.start_pos, token.end_pos), behind[0]]
            place = end + 2
    return result


def axes_of(subscripts: str, count: int, span: Span) -> tuple[list[str], str]:
    """The letters of the axes of so many operands, and of the array that they make.

    Without an arrow these are the letters that stand once, in alphabetical order.  Raises IndexSum.
    """
    left, arrow, right = subscripts.replace(" ", "").partition("->")
    inputs = left.split(",")
    if not arrow:
        right = "".join(sorted(letter for letter in set(left) - {","} if left.count(letter) == 1))
    problem = ""
    if "..." in subscripts:
        problem = "ellipsis"
    elif not re.fullmatch("[a-zA-Z]*", "".join(inputs) + right):
        problem = "letters"
    elif len(inputs) != count:
        problem = "operands"
    elif not set(right) <= set("".join(inputs)) or len(set(right)) < len(right):
        problem = "output"
    if problem:
        raise IndexSum(span=span, written=subscripts, problem=problem)
    return inputs, right


def einsum(subscripts: str, operands: Sequence[Expr], span: Span) -> Expr:
    """The array with these subscripts of the axes of the operands, `ij,j->i`, as a sum over the indices that are no axes of it.

    Raises IndexSum.
    """
    inputs, right = axes_of(subscripts, len(operands), span)
    names = _names(right, inputs, set().union(*map(_own_letters, operands)))
    indices = {letter: Expr("index", (), f"{names[letter]} {span.start}", span) for letter in dict.fromkeys("".join(inputs))}
    factors = [_entry(operand, [indices[letter] for letter in one]) for one, operand in zip(inputs, operands)]
    body = factors[0] if len(factors) == 1 else Expr("*", tuple(factors), span=span)
    summed = [index for letter, index in indices.items() if letter not in right]
    total = Expr("over", (body, *summed), "sum", span) if summed else body
    return Expr("over", (total, *(indices[letter] for letter in right)), "array", span) if right else total


def _names(right: str, inputs: Sequence[str], taken: Collection[str]) -> dict[str, str]:
    """What the letters are called: those of the axes in the order of the alphabet, as they are printed and read, and none is taken."""
    letters = list(dict.fromkeys("".join([right, *inputs])))
    if list(right) == sorted(right) and not set(taken).intersection(letters):
        return dict(zip(letters, letters))
    others = (name for name in chain(ascii_lowercase, (f"z{number}" for number in count(1))) if name not in letters)
    free = (name for name in chain(letters, others) if name not in taken)
    return dict(zip(letters, sorted(islice(free, len(letters)))))


def _own_letters(operand: Expr) -> set[str]:
    """The letters of the sums in an operand, and of the arrays in it that are no entries of the whole."""
    axes = operand.args[1:] if axis_letters(operand) else ()
    return {letter_of(node) for node in post_order(operand) if node.op == "index" and node not in axes}


def _entry(array: Expr, indices: Sequence[Expr]) -> Expr:
    """An entry of an array: of a vector, where there is one index, and not of a family; what is more than a matrix only has a name."""
    if array.op == "name" and len(indices) > 2:
        return Expr("name", tuple(indices), array.value, array.span)
    if axis_letters(array) and indices:
        named = {own.value: index for own, index in zip(array.args[1:], indices)}
        return rebuilt(array.args[0], lambda node, again: named.get(node.value, again) if node.op == "index" else again)
    return Expr("at", (array, *indices), span=array.span) if indices else array
