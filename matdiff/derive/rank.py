"""`is_regular`: whether a matrix has an inverse for nearly all values of its variables, however large it is.

The rank of a product is at most what its index graph lets through from the rows to the columns: x y^T lets through 1, A B with
A: n x 2 lets through 2.  The rank of a sum is at most the sum of the ranks; it is singular where a vector that stands in it, or that
of ones, is mapped to 0, as x by I - x x^T / (x^T x).  A skew matrix of odd size is singular.  A size that is no number may be any
number, and those of other axes may be as large as it takes.
"""

from __future__ import annotations

from math import inf, prod

from matdiff.functions import row_of
from matdiff.language.dims import Dim
from matdiff.language.queries import parts_first
from matdiff.laws.simplify import simplify
from matdiff.tensor.build import add, einsum, filled, is_skew, number_of, scale, terms_of, transpose
from matdiff.tensor.lower import is_singular_structure
from matdiff.tensor.nodes import HELD, SINGULAR, Apply, Constant, Product, Sum, Symbol, Tensor

# The rank of a matrix that is singular, but has a rank that grows with its size.
_NOT_FULL = 1 << 62
_MOST_TRIED = 8


def is_regular(matrix: Tensor) -> bool:
    """Whether a square matrix is invertible for nearly all values of its variables, whatever its size is; so of those of a family."""
    return matrix.order > 2 or _rank(matrix) >= _number(matrix.dims[0])


def mark_of(value: Tensor) -> str | None:
    """The property of a symbol that stands for this value: whether it is a matrix that need not have an inverse."""
    is_square = value.order == 2 and value.dims[0] == value.dims[1]
    return SINGULAR if is_square and not is_regular(value) else None


def _number(size: Dim) -> float:
    return inf if size.value is None else size.value


def _rank(root: Tensor) -> float:
    """A bound of the rank of a tensor with two axes for nearly all values; infinite where it is a size that is no number.

    Those of its parts are found first, so no nest is too deep.
    """
    for node in parts_first([root], lambda node: [part for part in _parts(node) if "rank" not in part.cache]):
        node.cache["rank"] = min(_bound(node), *map(_number, node.dims))
    return _known(root)


def _parts(tensor: Tensor) -> list[Tensor]:
    """The matrices whose ranks say something of that of this one."""
    is_opaque = isinstance(tensor, Apply) and not _keeps_rank(tensor)
    return [] if is_opaque else [child for child in tensor.children if child.order == 2]


def _keeps_rank(tensor: Apply) -> bool:
    """Whether the value at a matrix of any rank has the same rank."""
    return tensor.function == HELD or row_of(tensor.function).range == "rank of X"


def _known(tensor: Tensor) -> float:
    rank: float = tensor.cache["rank"]
    return rank


def _bound(tensor: Tensor) -> float:
    if _is_singular(tensor):
        return min(_NOT_FULL, _number(tensor.dims[0]) - 1)
    if isinstance(tensor, Product):
        return _let_through(tensor)
    if isinstance(tensor, Sum):
        return sum(_known(term) for _, term in tensor.terms)
    if isinstance(tensor, Apply) and _keeps_rank(tensor):
        return _known(tensor.args[0])
    return inf


def _is_singular(tensor: Tensor) -> bool:
    """Whether a matrix is square and known to be singular, or to be at some sizes."""
    if isinstance(tensor, Symbol) and tensor.property == SINGULAR:
        return True
    if tensor.dims[0] != tensor.dims[1]:
        return False
    if is_singular_structure("skew", tensor.dims[0]) and (
        is_skew(tensor) or (isinstance(tensor, Product) and transpose(tensor) is scale(-1, tensor))
    ):
        return True
    return isinstance(tensor, Sum) and any(_is_null(tensor, columns) for columns in _columns_in(tensor))


def _columns_in(matrix: Sum) -> list[Tensor]:
    """Ones, and the first vectors and matrices that the terms are made of, with as many rows as the matrix has."""
    size = matrix.dims[0]
    found = [filled(1, (size,))]
    for tensor in (node for _, term in matrix.terms for node in (term, *term.children)):
        if 1 <= tensor.order <= 2 and tensor.dims[0] == size:
            found.append(tensor)
        elif tensor.order == 2 and tensor.dims[1] == size:
            found.append(transpose(tensor))
    return list(dict.fromkeys(found))[:_MOST_TRIED]


def _is_null(matrix: Sum, columns: Tensor) -> bool:
    """Whether the terms of a matrix times vectors cancel."""
    ends = tuple(range(1, 1 + columns.order))
    out = (0, *ends[1:])
    terms = [(c, simplify(einsum([(term, (0, 1)), (columns, ends)], out))) for c, term in terms_of(matrix)]
    return number_of(add(terms, (matrix.dims[0], *columns.dims[1:]))) == 0


def _let_through(product: Product) -> float:
    """The rank that the index graph of a product lets through from its rows to its columns."""
    if product.coefficient == 0:
        return 0
    rows, columns = (_paired(product, end) for end in product.out)
    widths = [max(_widths(product, row).get(column, 1) for column in columns) for row in rows]
    is_full = all(width >= _number(product.sizes[row]) for row, width in zip(rows, widths))
    return prod(widths) if is_full else min(prod(widths), _NOT_FULL)


def _paired(product: Product, end: int) -> tuple[int, ...]:
    """The indices that an output axis pairs, as those of kron(A, B) do; the axis itself where it is no pair."""
    for tensor, slots in product.factors:
        if isinstance(tensor, Constant) and tensor.name == "fuse" and slots[0] == end and product.out[0] != product.out[1]:
            return slots[1:]
    return (end,)


def _widths(product: Product, start: int) -> dict[int, float]:
    """For every index that is joined to this one the rank that the widest way there lets through."""
    found = {start: _number(product.sizes[start])}
    waiting = [start]
    while waiting:
        here = waiting.pop()
        for tensor, slots in product.factors:
            if here not in slots or len(slots) < 2 or (slots[0] in product.out and len(slots) > 2):
                continue
            width = min(found[here], _known(tensor)) if len(slots) == 2 else found[here]
            for slot in slots:
                reached = min(width, _number(product.sizes[slot]))
                if reached > found.get(slot, 1):
                    found[slot] = reached
                    waiting.append(slot)
    return found
