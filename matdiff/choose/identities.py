"""`with_sizes`: the identities of a formula whose size nothing else tells are written with it, eye(n)."""

from __future__ import annotations

from matdiff.language.make import size_argument
from matdiff.language.queries import is_scalar, post_order, rebuilt, shape_of
from matdiff.language.syntax import Expr
from matdiff.recover.terms import is_plain


def with_sizes(root: Expr, named: bool = False) -> Expr:
    """The expression with eye(n) for I wherever no variable fixes the size: the I of tr(I) or logdet(2 I) is read as any size.

    A node that makes a scalar of arrays forgets their sizes; if no name stands below it, its identities must carry theirs.  So must
    those below vec, of which only the square of the size is left, and those of two factors that are kron with an identity: one
    equation does not give two sizes.  A formula that gets a name is read on its own.
    """
    done: dict[int, Expr] = {}
    paired: set[int] = set()  # a kron with an identity stands below
    free: dict[int, bool] = {}  # whether an I below still waits for a variable to fix its size
    for node in post_order(root):
        if not node.args:
            done[id(node)] = node
            free[id(node)] = node.op == "I"
            continue
        args = tuple(done.get(id(arg), arg) for arg in node.args)
        waits = [arg for arg in node.args if free.get(id(arg))]
        # kron(v, I) has a size for every I.
        fixed = node.op != "kron" and len(waits) < len([a for a in node.args if not is_plain(a)])
        free[id(node)] = not fixed and bool(waits)
        if waits and node.shape is not None and (is_scalar(node) or node.op == "vec") and free[id(node)]:
            args = tuple(_sized(arg) for arg in args)
            free[id(node)] = False
        below = [id(arg) in paired for arg in node.args]
        if sum(below) > 1:
            args = tuple(_sized(arg) if has else arg for arg, has in zip(args, below))
        elif any(below) or (node.op == "kron" and any(arg.op == "I" for arg in node.args)):
            paired.add(id(node))
        done[id(node)] = node if args == node.args else node.replace(args=args)
    whole = done[id(root)]
    return _sized(whole) if named and free[id(root)] else whole


def _sized(root: Expr) -> Expr:
    def sized(node: Expr, again: Expr) -> Expr:
        return node.replace(args=(size_argument(shape_of(node)[0]),)) if node.op == "I" and not node.args else again

    return rebuilt(root, sized)
