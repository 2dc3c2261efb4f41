"""Walks over an `Expr` without recursion: a nest of a thousand calls must not overflow Python's stack."""

from __future__ import annotations

from collections.abc import Iterator

from matdiff.syntax import Expr


def post_order(root: Expr) -> Iterator[Expr]:
    """Every node object below `root` once, arguments before the node that holds them."""
    seen: set[int] = set()
    stack: list[tuple[Expr, bool]] = [(root, False)]
    while stack:
        node, arguments_done = stack.pop()
        if arguments_done:
            yield node
        elif id(node) not in seen:
            seen.add(id(node))
            if not node.args:  # most nodes are leaves, and need not wait
                yield node
                continue
            stack.append((node, True))
            stack.extend([(argument, False) for argument in reversed(node.args)])


def leaves(root: Expr) -> Iterator[Expr]:
    """The nodes without arguments from left to right, as often as they are printed."""
    stack = [root]
    while stack:
        node = stack.pop()
        if node.args:
            stack.extend(reversed(node.args))
        else:
            yield node
