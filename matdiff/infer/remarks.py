"""After inference: final names for the sizes nobody named, and the remarks on how an expression was read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from matdiff.functions import FUNCTIONS
from matdiff.infer.shapes import Shaping
from matdiff.infer.unify import is_flexible
from matdiff.language.dims import Dim
from matdiff.language.errors import EntrywiseFunction, ForcedSquare, Remark, ScalarPlusSquare, ScalarPlusVector, SoftKind
from matdiff.language.kinds import declared_kind
from matdiff.language.queries import bare, is_scalar, ones_of, shape_of
from matdiff.language.syntax import Expr, Span
from matdiff.limits import check

# The names of sizes nobody named, in order of preference.
SIZE_NAMES = ("m", "n", "p", "q", "k", "l", "r", "s", "t", "u", "v", "h")
NOWHERE = Span(0, 0)
# So many nodes get their shape between two looks at the clock.
_OFTEN = 256


def finish(shaping: Shaping, names: Sequence[str], taken: set[str]) -> set[str]:
    """Name the sizes that stayed flexible, avoiding `taken`, and give every node its final shape.

    The first matrix of `names` (the variables in order) is m x n, or n x n; a single size is n.  Returns the new names.
    """
    sizes = shaping.sizes
    shapes = [shaping.shapes[name] for name in names if name in shaping.shapes]
    matrices = [shape for shape in shapes if not any(sizes.resolve(dim).is_one for dim in shape)]
    order: list[Dim] = [dim for shape in (*matrices[:1], *shapes, *map(shape_of, shaping.nodes)) for dim in shape]
    invented = dict.fromkeys(name for dim in order for name in sizes.resolve(dim).names if is_flexible(name))
    if invented:
        first = [sizes.resolve(dim) for dim in matrices[0]] if matrices else []
        is_single = len(invented) == 1 or (len(first) == 2 and first[0] == first[1])
        fresh = size_names(taken, ("n", "m") if is_single else ("m", "n"))
        sizes.name_finally({name: next(fresh) for name in invented})
    for place, node in enumerate(shaping.nodes):
        if place % _OFTEN == 0:
            check()
        node.shape = tuple(map(sizes.resolve, shape_of(node)))
    return {name for dim in order for name in sizes.resolve(dim).names if name not in taken}


def size_names(taken: set[str], first: tuple[str, str]) -> Iterator[str]:
    """Names for sizes: the preferred ones, then n1, n2, ..."""
    yield from (name for name in (*first, *SIZE_NAMES[2:]) if name not in taken)
    count = 0
    while True:
        count += 1
        if f"n{count}" not in taken:
            yield f"n{count}"


def remarks_on(
    shaping: Shaping, changes: Mapping[str, str], occurrences: Mapping[str, Expr], invented: set[str]
) -> tuple[Remark, ...]:
    """W601, W602, W605, W607 and W612; the shapes are final, `invented` are the sizes nobody named."""
    return (
        *soft_kinds(shaping, changes, occurrences),
        *forced_squares(shaping, invented),
        *entrywise(shaping, invented),
        *spread(shaping),
    )


def soft_kinds(shaping: Shaping, changes: Mapping[str, str], occurrences: Mapping[str, Expr]) -> Iterator[Remark]:
    """A name read as another kind than its spelling suggests."""
    for name, kind in changes.items():
        axes = [str(shaping.sizes.resolve(dim)) for dim in shaping.shapes[name]]
        size = {"scalar": "", "vector": axes[0]}.get(kind, " x ".join(axes))
        yield SoftKind(span=occurrences[name].span or NOWHERE, variable=name, kind=kind, size=size)


def forced_squares(shaping: Shaping, invented: set[str]) -> Iterator[Remark]:
    """An undeclared matrix made square by one vector that meets its rows at one place and its columns at another.

    Where the notation itself says square (x^T A x, det(A), A - I) there is nothing to say.
    """
    met: dict[tuple[str, str], tuple[list[Expr], list[Expr]]] = {}
    for matrix, axis, vector in shaping.contacts:
        if vector.op == "name":
            met.setdefault((str(matrix.value), str(vector.value)), ([], []))[axis].append(matrix)
    quadratic = {name for (name, _), (rows, columns) in met.items() if any(one is other for one in rows for other in columns)}
    silent = quadratic | shaping.square
    for (name, vector_name), (rows, columns) in met.items():
        if len(shaping.shapes[name]) > 2:
            continue
        size, other = (shaping.sizes.resolve(dim) for dim in shaping.shapes[name])
        if rows and columns and name not in silent and size == other and size.name in invented:
            silent.add(name)
            at_rows, at_columns = rows[0].span or NOWHERE, columns[0].span or NOWHERE
            yield ForcedSquare(variable=name, size=str(size), columns=(at_columns, vector_name), rows=(at_rows, vector_name))


def entrywise(shaping: Shaping, invented: set[str]) -> Iterator[Remark]:
    """`exp` of a square matrix, or of one that may be square and is applied to a vector: the matrix exponential may have been meant."""
    of_matrices = {row.on_diagonal: row.name for row in FUNCTIONS.values() if row.words}
    products = [node for node in shaping.nodes if node.op == "*" and all(bare(factor).op != "ones" for factor in node.args)]
    factors = {id(factor) for node in products if any(map(_is_vector, node.args)) for factor in node.args}
    for node in shaping.nodes:
        other = of_matrices.get(f"{node.op}(X)")
        if other is None:
            continue
        sizes = {name for dim in shape_of(node) for name in dim.names}
        may_be_square = id(node) in factors and sizes <= invented and is_one_matrix(node.args[0])
        if is_square_matrix(node.args[0]) or may_be_square:
            span, argument = node.span or NOWHERE, node.args[0].span
            yield EntrywiseFunction(span=span, function=node.op, argument=argument, matrix_function=other)


def _is_vector(expr: Expr) -> bool:
    return ones_of(expr) == (False, True)


def is_one_matrix(expr: Expr) -> bool:
    """Whether a typed expression is a matrix, or a sum of matrices, times numbers."""
    stack = [expr]
    while stack:
        node = bare(stack.pop())
        if node.op in ("+", "*", "/", "neg"):
            arrays = [arg for arg in node.args if not is_scalar(arg)]
            if node.op == "*" and len(arrays) > 1:
                return False
            stack += arrays
        elif node.op not in ("name", "I", "block"):
            return False
    return ones_of(expr) == (False, False)


def spread(shaping: Shaping) -> Iterator[Remark]:
    """A scalar added to a square matrix: `+ c I` may have been meant, unless the matrix is itself made entry by entry.

    An undeclared name added to a vector may have been meant as a vector: x - mu.
    """
    names: dict[str, tuple[Expr, Expr]] = {}
    for scalar, array in shaping.broadcasts:
        names.setdefault(str(bare(scalar).value), (scalar, array))
    for name, (scalar, vector) in names.items():
        if shaping.kinds.get(name) == "scalar" and bare(scalar).op == "name" and not is_square_matrix(vector):
            size = str(shape_of(vector)[0]) if declared_kind(shape_of(vector)) == "vector" else ""
            yield ScalarPlusVector(scalar=bare(scalar).span or NOWHERE, vector=vector.span or NOWHERE, variable=name, size=size)
    for scalar, matrix in shaping.broadcasts:
        row = FUNCTIONS.get(bare(matrix).op)
        is_entrywise = bare(matrix).op in (".*", "./", ".^") or (row is not None and row.is_entrywise)
        if is_square_matrix(matrix) and not is_entrywise:
            yield ScalarPlusSquare(scalar=scalar.span or NOWHERE, matrix=matrix.span or NOWHERE)


def is_square_matrix(expr: Expr) -> bool:
    """Whether the typed expression is a square matrix, not a scalar."""
    rows, columns = shape_of(expr)
    return rows == columns and not rows.is_one
