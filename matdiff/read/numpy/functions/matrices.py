"""Products, and functions that make or take matrices, or give an array another form."""

from __future__ import annotations

import ast

from matdiff.language.syntax import Expr, Span
from matdiff.read.numpy.arrays import ones, product
from matdiff.read.numpy.call import Call
from matdiff.read.numpy.functions.einsum import contracted
from matdiff.read.numpy.value import MATRIX, NUMBER, VECTOR, Misfit, Value, number, turned


def dot(call: Call) -> Value:
    """Of arrays what `@` is; of numbers the product."""
    left, right = call.value(0), call.value(1, "b", "other", "tensor")
    call.code.turned_on_the_left(call.args[0] if call.args else None, left)
    if not left.rank or not right.rank:
        return call.code.arrays.scaled(left, right, call.span)
    return call.code.operated("@", left, right, call.span)


def inner(call: Call) -> Value:
    """The sum over the last axes of both."""
    left, right = call.value(0), call.value(1, "other")
    if right.rank == 2:
        right = call.code.arrays.transpose(right, call.span)
    if left.rank == 1 and right.rank == 2:
        return call.code.arrays.matmul(call.code.arrays.transpose(right, call.span), left, call.span)
    return call.code.operated("@" if left.rank and right.rank else "*", left, right, call.span)


def vdot(call: Call) -> Value:
    """The sum of the products of all entries."""
    left, right = call.value(0), call.value(1)
    if left.rank != right.rank:
        raise Misfit(call.span, "`vdot` takes two arrays of one kind")
    if left.rank == 2:
        return Value(Expr(":", (left.expr, right.expr), span=call.span))
    return call.code.operated("@" if left.rank else "*", left, right, call.span)


def outer(call: Call) -> Value:
    """x y^T."""
    return call.code.arrays.outer(call.value(0), call.value(1), call.span)


def chain(call: Call) -> Value:
    """np.linalg.multi_dot."""
    node = call.node(0)
    if not isinstance(node, (ast.List, ast.Tuple)) or len(node.elts) < 2:
        raise call.refused("multi_dot takes a list")
    values = [call.code.value(part) for part in node.elts]
    result = values[0]
    for value in values[1:]:
        result = call.code.arrays.matmul(result, value, call.span)
    return result


def kron(call: Call) -> Value:
    """The Kronecker product."""
    left, right = call.value(0), call.value(1)
    if left.rank != right.rank or not left.rank or left.is_loose or right.is_loose:
        raise Misfit(call.span, "`kron` takes two matrices or two vectors")
    return Value(Expr("kron", (left.expr, right.expr), span=call.span), left.ones)


def power_of_matrix(call: Call) -> Value:
    """np.linalg.matrix_power(A, 3)."""
    power = call.literal(1, "n")
    if not isinstance(power, int):
        raise call.refused("the power is a whole number")
    return Value(Expr("^", (call.matrix().expr, Expr("number", (), power, span=call.span)), span=call.span), MATRIX)


def solve(call: Call) -> Value:
    """inv(A) b."""
    matrix, right = call.matrix(0), call.value(1)
    inverse = Value(Expr("inv", (matrix.expr,), span=matrix.span), MATRIX)
    return call.code.arrays.matmul(inverse, right, call.span)


def pinv(call: Call) -> Value:
    """The pseudoinverse."""
    return Value(Expr("pinv", (call.matrix().expr,), span=call.span), MATRIX)


def diag(call: Call) -> Value:
    """A vector on the diagonal, or the diagonal of a matrix."""
    value = call.value()
    if value.rank == 0 or (value.is_loose and value.rank == 2):
        raise Misfit(value.span, "`diag` takes a vector or a matrix")
    is_vector = value.rank == 1
    return Value(Expr("diag", (value.expr,), span=call.span), MATRIX if is_vector else VECTOR, is_loose=value.is_loose)


def triangle(call: Call) -> Value:
    """tril and triu."""
    return Value(Expr(call.name, (call.matrix().expr,), span=call.span), MATRIX)


def cumsum(call: Call) -> Value:
    """The sums of the first entries of a vector, or of every row or column."""
    value = call.value()
    axis = call.axis(value)
    if value.rank == 2 and axis is not None:
        return call.code.arrays.along("cumsum", value, axis, True, call.span)
    if value.rank != 1:
        raise Misfit(call.span, "`cumsum` is read of a vector, or along an axis")
    return Value(Expr("cumsum", (value.expr,), span=call.span), VECTOR)


def eye(call: Call) -> Value:
    """The identity matrix."""
    size = call.code.size(call.node(0, "N", "n"))
    if call.node(1, "M", "m") is not None:
        raise call.refused("the identity matrix is square")
    return Value(Expr("I", size, span=call.span), MATRIX, is_loose=not size)


def filled(call: Call) -> Value:
    """np.ones(n), np.zeros((m, n))."""
    node = call.node(0, "shape")
    nodes = list(node.elts) if isinstance(node, (ast.Tuple, ast.List)) else [node] if node is not None else []
    while len(call.args) > len(call.places) and len(nodes) < 2 and call.library == "torch":  # torch.ones(m, n)
        extra = call.node(len(call.places))
        nodes += [extra] if extra is not None else []
    if not 1 <= len(nodes) <= 2:
        raise call.refused("arrays with more than two axes are not read")
    sizes = [call.code.size(part) for part in nodes]
    is_loose = not all(sizes)
    if len(nodes) == 1:
        return Value(Expr(call.name, sizes[0], span=call.span), VECTOR, is_loose=is_loose)
    if is_loose and call.name == "zeros":
        raise call.refused("the sizes of this are written out, as numbers or names")
    if is_loose:
        one, other = (Expr("ones", size, span=call.span) for size in sizes)
        return Value(product(call.span, one, turned(other, call.span)), MATRIX, is_loose=True)
    axes = tuple(size[0].op == "number" and size[0].value == 1 for size in sizes)
    return Value(Expr(call.name, (*sizes[0], *sizes[1]), span=call.span), axes)


def filled_like(call: Call) -> Value:
    """ones_like and zeros_like."""
    value = call.value()
    if call.name == "zeros_like":
        return call.code.arrays.multiply(Value(number(0, call.span)), value, call.span)
    if value.rank == 2:
        return Value(product(call.span, ones(call.span), turned(ones(call.span), call.span)), value.ones, is_loose=True)
    return Value(ones(call.span), value.ones, is_loose=True) if value.rank else Value(number(1, call.span))


# Forms


def transpose(call: Call) -> Value:
    """The transpose, by one of its names."""
    value = call.value()
    axes: list[object] = []
    while len(call.args) > len(call.places):
        axes.append(call.literal(len(call.places)))
    if len(axes) == 1 and isinstance(axes[0], tuple):
        axes = list(axes[0])
    if axes and {axis % 2 if isinstance(axis, int) else None for axis in axes} != {0, 1}:
        raise call.refused("these axes are not exchanged in a matrix")
    if call.name == "permute" and axes not in ([1, 0], [-1, -2]):
        raise call.refused("permute(1, 0) is the transpose")
    return call.code.arrays.transpose(value, call.span)


def flat(call: Call) -> Value:
    """Row by row, which is vec(X^T); column by column with order="F"."""
    value, span = call.value(), call.span
    order = call.literal(1, "order", default="C")
    return _as_list(call, value, order, span)


def _as_list(call: Call, value: Value, order: object, span: Span) -> Value:
    if order not in ("C", "F"):
        raise call.refused('order is "C" or "F"')
    call.code.arrays.fixed(value)
    if value.rank < 2:
        return value if value.rank else Value(value.expr, (True,))
    expr = value.expr if order == "F" else value.across(span)
    return Value(Expr("vec", (expr,), span=span), VECTOR)


def reshaped(call: Call) -> Value:
    """reshape(-1): the entries as a vector, row by row; or as a column or row."""
    value, order = call.value(), call.literal(-1, "order", default="C")
    shape: list[object] = []
    while len(call.args) > len(call.places):
        shape.append(call.literal(len(call.places)))
    shape = list(shape[0]) if len(shape) == 1 and isinstance(shape[0], tuple) else shape
    flat = _as_list(call, value, order, call.span)
    if shape == [-1]:
        return flat
    if shape == [-1, 1]:
        return Value(flat.expr, (*flat.ones, True))
    if shape == [1, -1]:
        return Value(flat.across(call.span), (True, *flat.ones))
    many = "arrays with more than two axes are not read; " if len(shape) > 2 else ""
    raise call.refused(f"{many}reshape(-1), (-1, 1) and (1, -1) are read")


def unsqueezed(call: Call) -> Value:
    """A vector as a row or column."""
    value, place = call.value(), call.literal(1, "axis", "dim")
    if value.rank != 1 or place not in (0, 1, -1):
        raise Misfit(call.span, "a new axis is read of a vector")
    return call.code.with_axis(value, first=place == 0, span=call.span)


def squeezed(call: Call) -> Value:
    """A row or column as a vector."""
    value = call.value()
    call.axis(value)
    if value.rank < 2 or not any(value.ones):
        raise Misfit(call.span, "no axis is surely one long")
    place = 0 if value.ones[0] else 1
    return call.code.arrays.without_axis(value, place, False, value.expr, call.span)


def array(call: Call) -> Value:
    """np.array of an array, or of numbers that are written out."""
    node = call.node(0)
    if not isinstance(node, (ast.List, ast.Tuple)):
        return call.value()
    rows = [part.elts if isinstance(part, (ast.List, ast.Tuple)) else None for part in node.elts]
    if not rows or any((row is None) != (rows[0] is None) for row in rows):
        raise call.refused("an array is a list of numbers or of rows")
    lists = [[part] for part in node.elts] if rows[0] is None else [list(row) for row in rows if row is not None]
    return _blocks(call, lists, NUMBER, VECTOR if rows[0] is None else MATRIX)


def block(call: Call) -> Value:
    """A block matrix."""
    node = call.node(0)
    if not isinstance(node, ast.List) or not all(isinstance(part, ast.List) for part in node.elts):
        raise call.refused("a list of rows of matrices is read")
    return _blocks(call, [list(part.elts) for part in node.elts if isinstance(part, ast.List)], MATRIX, MATRIX)


def _blocks(call: Call, rows: list[list[ast.expr]], of: tuple[bool, ...], axes: tuple[bool, ...]) -> Value:
    if not rows or not rows[0] or any(len(row) != len(rows[0]) for row in rows):
        raise call.refused("the rows have different lengths")
    parts = [call.code.value(part) for row in rows for part in row]
    for part in parts:
        if part.rank != len(of) or part.is_loose:
            raise Misfit(part.span, f"{part.kind} as a part of an array")
    ones_of = (len(rows) == 1, len(rows[0]) == 1) if not of else (False, False)
    axes = axes if len(axes) == 1 else ones_of
    if len(parts) == 1:
        return Value(parts[0].expr, (True,) * len(axes) if not of else axes)
    return Value(Expr("block", tuple(part.expr for part in parts), len(rows[0]), span=call.span), axes)


def joined(call: Call) -> Value:
    """concatenate, hstack and vstack."""
    node = call.node(0)
    if not isinstance(node, (ast.List, ast.Tuple)) or not node.elts:
        raise call.refused("a list of arrays is read")
    parts = [call.code.value(part) for part in node.elts]
    rank = parts[0].rank
    if any(part.rank != rank or not rank or part.is_loose for part in parts):
        raise Misfit(call.span, "arrays of one kind are joined")
    axis: int | None = {"hstack": rank - 1, "vstack": 0}.get(call.name, -1)
    if axis == -1:
        axis = call.axis(parts[0], default=0)
    if rank == 1 and call.name == "vstack":
        parts = [Value(part.across(call.span), MATRIX) for part in parts]
    width = len(parts) if axis == 1 and rank == 2 else 1
    expr = Expr("block", tuple(part.expr for part in parts), width, span=call.span) if len(parts) > 1 else parts[0].expr
    return Value(expr, parts[0].ones if rank == 1 and call.name != "vstack" else MATRIX)


def stacked(call: Call) -> Value:
    """stack of vectors as rows, or with axis=1 as columns."""
    node, axis = call.node(0), call.literal(1, "axis", "dim", default=0)
    if not isinstance(node, (ast.List, ast.Tuple)) or not node.elts or axis not in (0, 1, -1):
        raise call.refused("a list of vectors is stacked")
    parts = [call.code.value(part) for part in node.elts]
    if any(part.rank != 1 or part.is_loose for part in parts):
        raise Misfit(call.span, "vectors are stacked")
    exprs = tuple(part.expr if axis else part.across(call.span) for part in parts)
    return Value(Expr("block", exprs, len(exprs) if axis else 1, span=call.span), MATRIX)


def columns(call: Call) -> Value:
    """column_stack of vectors, which become columns, and of matrices."""
    node = call.node(0)
    if not isinstance(node, (ast.List, ast.Tuple)) or not node.elts:
        raise call.refused("a list of arrays is read")
    parts = [call.code.value(part) for part in node.elts]
    if any(not part.rank or part.is_loose for part in parts):
        raise Misfit(call.span, "vectors and matrices are joined")
    return Value(Expr("block", tuple(part.expr for part in parts), len(parts), span=call.span), MATRIX)


def differences(call: Call) -> Value:
    """np.diff: x[1:] - x[:-1]."""
    value = call.value()
    if call.literal(1, "n", default=1) != 1:
        raise call.refused("n=1 is read")
    axis = call.axis(value, place=2, default=-1)
    if axis is None or any(value.ones):
        raise Misfit(call.span, f"`diff` of {value.kind}")
    one = ast.Constant(1)
    parts = [ast.Slice(lower=one), ast.Slice(upper=ast.UnaryOp(ast.USub(), one))]
    later, earlier = (call.code.cut(value, axis, part, call.span) for part in parts)
    return call.code.arrays.add([(False, later), (True, earlier)], call.span)


def tensordot(call: Call) -> Value:
    """With axes=1 what `@` is, with axes=2 the sum of the products of all entries."""
    left, right = call.value(0), call.value(1)
    axes = call.literal(2, "axes", "dims", default=2)
    if axes == 1 and left.rank and right.rank:
        return call.code.arrays.matmul(left, right, call.span)
    if axes == 2 and left.rank == right.rank == 2:
        return Value(Expr(":", (left.expr, right.expr), span=call.span))
    raise call.refused("tensordot is read with axes=1 or 2")


def detached(call: Call) -> Value:
    """The same value, which is held fixed."""
    node = call.node(0)
    if node is None:
        raise call.refused(f"`{call.name}` takes an array")
    return call.code.held_fixed(node)


def item(call: Call) -> Value:
    """A number as a number of Python."""
    value = call.value()
    if not value.is_number:
        raise Misfit(value.span, f"`{call.name.removeprefix('builtin ')}` takes a number, and this is {value.kind}")
    return Value(value.expr, is_plain=value.is_plain)


def count_of(call: Call) -> Value:
    """len(x), np.size(x), X.size(0)."""
    value = call.value()
    axis = 0 if call.name == "len" else call.axis(value)
    if not value.rank:
        raise Misfit(value.span, "a number has no length")
    return Value(call.code.arrays.count(value, axis, call.span))


def einsum(call: Call) -> Value:
    """See `einsum.contracted`."""
    text = call.literal(0)
    if not isinstance(text, str):
        raise call.refused("the subscripts of einsum are written out")
    operands = [call.value(place) for place in range(1, len(call.args))]
    return contracted(text, operands, call.code.arrays, call.span)
