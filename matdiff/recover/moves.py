"""Moves for factors with more than two axes: what kron, vec and functions of matrices leave behind."""

from __future__ import annotations

from matdiff.language import make
from matdiff.language.dims import ONE, Dim
from matdiff.language.queries import shape_of
from matdiff.language.syntax import Expr
from matdiff.recover.graph import Graph
from matdiff.recover.terms import Chain
from matdiff.tensor.nodes import Apply, Constant, Factor, Tensor


def reduce(graph: Graph) -> None:
    """Apply moves until none is left."""
    while graph.move() or _contract_larger(graph):
        pass


def _contract_larger(graph: Graph) -> bool:
    """Apply one move to one of the larger factors; False when none applies."""
    return any(
        _fused_vector(graph, factor)
        or _fused_matrix(graph, factor)
        or _unfused(graph, factor)
        or _half_fused(graph, factor)
        or _frechet(graph, factor)
        for factor in graph.others
    )


def _alone(graph: Graph, factor: Factor, *indices: int) -> bool:
    """Whether no other large factor and no output uses these indices."""
    used = {slot for other in graph.others if other is not factor for slot in other[1]} | set(graph.out)
    return not used.intersection(indices) and sum(factor[1].count(index) for index in set(indices)) == len(set(indices))


def _matrix_between(graph: Graph, row: int, column: int) -> Expr | None:
    """All that stands on two inner indices as one matrix with rows at `row`: one edge or two vectors; removed from the graph.

    Where they are one index it is a diagonal matrix.
    """
    touching = [edge for edge in graph.edges if {edge.row, edge.column} & {row, column}]
    if row == column:
        diagonal = _diagonal_at(graph, row)
        if diagonal is not None:
            graph.pendants[row] = []
        return diagonal
    if any({edge.row, edge.column} != {row, column} for edge in touching) or len(touching) > 1:
        return None
    if touching:
        left, right = graph.between(graph.pendants[row], row), graph.between(graph.pendants[column], column)
        matrix = graph.writer.product((*left, *graph.seen_from(touching[0], column)[1], *right))
        graph.edges.remove(touching[0])
    else:
        left = graph.vector(graph.pendants[row], row)
        matrix = graph.writer.product((*left, *graph.writer.transposed_chain(graph.vector(graph.pendants[column], column))))
    graph.pendants[row], graph.pendants[column] = [], []
    return matrix


def _fused_vector(graph: Graph, factor: Factor) -> bool:
    """fuse_pab M_ba = vec(M)_p, fuse_pab u_a v_b = kron(u, v)_p and fuse_paa v_a = vec(diag(v))_p."""
    tensor, slots = factor
    if not _is_fuse(tensor):
        return False
    whole, slow, fast = slots
    if slow == fast:
        used = {slot for other in graph.others if other is not factor for slot in other[1]} | {whole, *graph.out}
        diagonal = None if slow in used else _matrix_between(graph, slow, fast)
        if diagonal is None:
            return False
        graph.others.remove(factor)
        graph.add_vector(whole, make.call("vec", diagonal, shape=(graph.sizes[whole], ONE)))
        return True
    if not _alone(graph, factor, slow, fast):
        return False
    shape = (graph.sizes[whole], ONE)
    if not any({edge.row, edge.column} & {slow, fast} for edge in graph.edges):
        value = make.kron(*map(graph.taken_vector, (slow, fast)))
    else:
        matrix = _matrix_between(graph, fast, slow)
        if matrix is None:
            return False
        value = make.call("vec", matrix, shape=shape)
    graph.others.remove(factor)
    graph.add_vector(whole, value)
    return True


def _fused_matrix(graph: Graph, factor: Factor) -> bool:
    """fuse_pac M_ab N_cd fuse_qbd = kron(M, N)_pq, and with the pair (d, b) at q: (kron(M, N) K)_pq; a shared index is the identity."""
    tensor, (row, *parts) = factor[0], factor[1]
    for other in graph.others:
        column, *ends = other[1]
        if other is factor or not (_is_fuse(tensor) and _is_fuse(other[0])):
            continue
        rest = [slot for another in graph.others if another is not factor and another is not other for slot in another[1]]
        if {*rest, *graph.out, row, column} & {*parts, *ends}:
            continue
        for is_crossed in (False, True):
            pairs = list(zip(parts, reversed(ends) if is_crossed else ends))
            if set(pairs[0]) & set(pairs[1]):
                continue  # what joins one pair joins the other, too
            joints = [_joint(graph, start, end) for start, end in pairs]
            if None in joints:
                continue
            sizes = [graph.sizes[end] for _, end in pairs]
            graph.edges = [edge for edge in graph.edges if not {edge.row, edge.column} & {*parts, *ends}]
            for index in (*parts, *ends):
                graph.pendants[index] = []
            graph.others = [another for another in graph.others if another is not factor and another is not other]
            graph.edges.append(graph.edge(row, column, _paired([joint for joint in joints if joint], sizes, is_crossed)))
            return True
    return False


def _joint(graph: Graph, start: int, end: int) -> Expr | None:
    """What joins two indices: a diagonal matrix, I or diag(v), where they are one, or the only matrix between them."""
    if start == end:
        return _diagonal_at(graph, start)
    touching = [edge for edge in graph.edges if {edge.row, edge.column} & {start, end}]
    if len(touching) != 1 or {touching[0].row, touching[0].column} != {start, end}:
        return None
    left, right = (graph.between(graph.pendants[index], index) for index in (start, end))
    return graph.writer.product((*left, *graph.seen_from(touching[0], end)[1], *right))


def _paired(joints: list[Expr], sizes: list[Dim], is_crossed: bool) -> Chain:
    """kron(M, N), times K where the pairs are crossed; kron(I, I) beside K is not written."""
    kron = make.kron(*joints)
    if not is_crossed:
        return (kron,)
    size = shape_of(kron)[1]
    commutation = make.call("commutation", *map(make.size_argument, sizes), shape=(size, size))
    return (commutation,) if all(joint.op == "I" for joint in joints) else (kron, commutation)


def _unfused(graph: Graph, factor: Factor) -> bool:
    """fuse_pab v_p = unvec(v)_ba."""
    tensor, slots = factor
    whole, slow, fast = slots[0], slots[-2], slots[-1]
    if not _is_fuse(tensor) or slow == fast or not _alone(graph, factor, whole) or graph.touching(whole):
        return False
    vector = graph.taken_vector(whole)
    graph.others.remove(factor)
    rows, columns = graph.sizes[fast], graph.sizes[slow]
    sizes = (make.size_argument(rows), make.size_argument(columns))
    graph.add_matrix(fast, slow, make.call("unvec", vector, *sizes, shape=(rows, columns)))
    return True


def _half_fused(graph: Graph, factor: Factor) -> bool:
    """fuse_pab v_b = kron(I, v)_pa and fuse_pab u_a = kron(u, I)_pb."""
    tensor, slots = factor
    if not _is_fuse(tensor) or slots[1] == slots[2]:
        return False
    whole, slow, fast = slots
    for inner, kept in ((fast, slow), (slow, fast)):
        if _alone(graph, factor, inner) and not graph.touching(inner):
            pair = (make.eye(graph.sizes[kept]), graph.taken_vector(inner))
            graph.others.remove(factor)
            graph.add_matrix(whole, kept, make.kron(*(pair if inner == fast else pair[::-1])))
            return True
    return False


def _is_fuse(tensor: Tensor) -> bool:
    return isinstance(tensor, Constant) and tensor.name == "fuse"


def _frechet(graph: Graph, factor: Factor) -> bool:
    """M_ij df(X)_ij / dX_kl = df(X^T, M)_kl and df(X)_ij / dX_kl M_kl = df(X, M)_ij (Higham 2008, section 3.1).

    Likewise for the second derivative: all pairs of indices but one are closed by matrices; when the pair of f itself is
    among them, what was a direction E becomes E^T.
    """
    tensor, slots = factor
    if not (isinstance(tensor, Apply) and tensor.function == "frechet"):
        return False
    pairs = list(zip(slots[::2], slots[1::2]))
    for kept in range(len(pairs)):  # where all are closed, X need not be transposed
        closed = [pair for place, pair in enumerate(pairs) if place != kept]
        inside = {slot for pair in closed for slot in pair}
        outside = [slot for other in graph.others if other is not factor for slot in other[1]]
        if inside & {*outside, *graph.out, *pairs[kept]}:
            continue
        directions = _matrices_between(graph, closed)
        if directions is None:
            continue
        graph.others = [other for other in graph.others if other is not factor]
        value = tensor.args[0]
        assert isinstance(value, Apply)
        at, *more = (graph.recovery.expr(arg) for arg in value.args)
        if kept:
            at = graph.writer.transposed(at)
            directions[1:] = [graph.writer.transposed(direction) for direction in directions[1:]]
        name = f"d{tensor.exponent if len(directions) > 1 else ''}{value.function}"
        slope = make.call(name, at, *more, *directions, shape=shape_of(at))
        if all(graph.writer.transposed(each) == each for each in (at, *directions)):  # df(X, E)^T = df(X^T, E^T)
            graph.writer.symmetric.add(slope)
        graph.add_matrix(*pairs[kept], slope)
        return True
    return False


def _diagonal_at(graph: Graph, place: int) -> Expr | None:
    """All that stands on an index used for rows and columns: diagonal matrices, or the identity; None beside other matrices."""
    if graph.touching(place):
        return None
    diagonals = graph.between(graph.pendants[place], place)
    return graph.writer.product(diagonals) if diagonals else make.eye(graph.sizes[place])


def _matrices_between(graph: Graph, pairs: list[tuple[int, int]]) -> list[Expr] | None:
    """What stands on each pair of inner indices as a matrix, removed from the graph; None, and nothing removed, if one has none."""
    edges, pendants = list(graph.edges), dict(graph.pendants)
    found = []
    for row, column in pairs:
        matrix = _matrix_between(graph, row, column)
        if matrix is None:
            graph.edges, graph.pendants = edges, pendants
            return None
        found.append(matrix)
    return found
