"""Indices that are held: the tensor of members has the value of the whole there, and members of any order are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from matdiff.derive.sweep import derive
from matdiff.language.dims import size
from matdiff.language.queries import Indices
from matdiff.language.text import text
from matdiff.laws.simplify import simplify
from matdiff.notations.members import Members
from matdiff.tensor import build
from matdiff.tensor.held import BELOW, UNEQUAL, Diagonal, Holding, NotHeld
from matdiff.tensor.nodes import Apply, Constant, Product, Session, Sum, Symbol, Tensor, entered

K, N, M = (size(name) for name in "Knm")
SIZES = {"K": 3, "n": 4, "m": 2}
# Arrays with their axes, and the letters of those that are families.
ARRAYS = {"A": (K, N, N), "b": (K, N), "c": (K,), "S": (K, K), "X": (N, M), "x": (N,)}
LETTERS = {"A": (("k",),), "b": (("k",),), "c": (("k",),), "S": (("k", "l"), ("l", "k"))}
INDICES = Indices(LETTERS, {}, frozenset(), (), frozenset())

Arrays = Mapping[str, Tensor]


def _arrays() -> dict[str, Tensor]:
    return {name: build.symbol(name, dims, "symmetric" if name == "S" else None) for name, dims in ARRAYS.items()}


def _mask(pattern: Tensor) -> Tensor:
    return build.add([(1, build.filled(1, (K, K))), (-1, pattern)], (K, K))


def _residuals(a: Arrays) -> Tensor:
    product = build.einsum([(a["A"], ("k", "i", "j")), (a["x"], ("j",))], ("k", "i"))
    return build.add([(1, product), (-1, a["b"])], (K, N))


# A value, and the letters at which its axes are held.
VALUES: dict[str, tuple[Callable[[Arrays], Tensor], tuple[str | None, ...]]] = {
    "A_k X": (lambda a: build.einsum([(a["A"], ("k", "i", "j")), (a["X"], ("j", "l"))], ("k", "i", "l")), ("k", None, None)),
    "A_k": (lambda a: a["A"], ("k", None, None)),
    "A_k x - b_k": (_residuals, ("k", None)),
    "exp(A_k x - b_k)": (lambda a: build.apply("exp", (_residuals(a),), (K, N)), ("k", None)),
    "c_k b_k": (lambda a: build.einsum([(a["c"], ("k",)), (a["b"], ("k", "i"))], ("k", "i")), ("k", None)),
    "b_k b_l^T": (lambda a: build.einsum([(a["b"], "ki"), (a["b"], "lj")], "kilj"), ("k", None, "l", None)),
    "S_kl": (lambda a: a["S"], ("l", "k")),
    "1 / c_k": (lambda a: build.power(a["c"], -1), ("k",)),
    "softmax(c)_k": (lambda a: build.apply("softmax", (a["c"],), (K,)), ("k",)),
    "softmax(b_k)": (lambda a: build.apply("softmax rows", (a["b"],), (K, N)), ("k", None)),
    "softmax of the row k of S at l": (lambda a: build.apply("softmax rows", (a["S"],), (K, K)), ("k", "l")),
    "softmax of each row of S at l": (lambda a: build.apply("softmax rows", (a["S"],), (K, K)), (None, "l")),
    "k != l": (lambda a: _mask(build.identity((K,))), ("k", "l")),
    "k < l": (lambda a: _mask(build.constant("tril", (), (K, K))), ("k", "l")),
    "diag(c) of k, k": (lambda a: build.einsum([(a["c"], ("k",))], ("k", "k")), ("k", "k")),
    "the sum of A_k over its rows": (lambda a: build.einsum([(a["A"], ("k", "i", "j"))], ("k", "j")), ("k", None)),
}


@pytest.mark.parametrize("name", VALUES)
def test_a_tensor_with_an_index_held_has_the_value_of_the_whole_there(name: str) -> None:
    draw = np.random.default_rng(0)
    known = {name: draw.uniform(0.5, 1.5, [SIZES[str(dim)] for dim in dims]) for name, dims in ARRAYS.items()}
    known["S"] = known["S"] + known["S"].T
    known |= {UNEQUAL: 1 - np.eye(3), BELOW: np.triu(np.ones((3, 3)), 1)}
    made, at = VALUES[name]
    with entered(Session()):
        tensor, holding = made(_arrays()), Holding(LETTERS)
        held = holding.hold(tensor, at)
        assert held.order == at.count(None)
        for k in range(SIZES["K"]):
            for other in range(SIZES["K"]):
                places = {"k": k, "l": other}
                members = {
                    member: known[of.name][tuple(slice(None) if letter is None else places[letter] for letter in letters)]
                    for member, (of, letters) in holding.members.items()
                }
                whole = _value(tensor, known, {})
                there = whole[tuple(slice(None) if letter is None else places[letter] for letter in at)]
                np.testing.assert_allclose(_value(held, known, members), there)


def _value(tensor: Tensor, known: Mapping[str, Any], members: Mapping[Tensor, Any]) -> Any:
    """The value of a tensor by NumPy."""
    if isinstance(tensor, Symbol):
        return members[tensor] if tensor in members else known[tensor.name]
    if isinstance(tensor, Constant):
        assert tensor.name == "tril"
        return np.tril(np.ones([SIZES[str(dim)] for dim in tensor.dims]))
    if isinstance(tensor, Sum):
        return sum(float(coefficient) * _value(term, known, members) for coefficient, term in tensor.terms)
    if isinstance(tensor, Apply):
        args = [_value(arg, known, members) for arg in tensor.args]
        if tensor.function == "power":
            return args[0] ** float(tensor.exponent or 0)
        if tensor.function == "exp":
            return np.exp(args[0])
        assert tensor.function in ("softmax", "softmax rows")
        return np.exp(args[0]) / np.sum(np.exp(args[0]), axis=-1, keepdims=True)
    assert isinstance(tensor, Product)
    spread = {slot: np.ones(SIZES[str(dim)]) for slot, dim in enumerate(tensor.sizes)}
    operands: list[Any] = [part for item in spread.items() for part in (item[1], [item[0]])]
    for factor, slots in tensor.factors:
        operands += [_value(factor, known, members), list(slots)]
    out = list(dict.fromkeys(tensor.out))
    value = float(tensor.coefficient) * np.einsum(*operands, out)
    if len(out) == len(tensor.out):
        return value
    whole = np.zeros([SIZES[str(dim)] for dim in tensor.dims])
    for place in np.ndindex(*value.shape):
        whole[tuple(place[out.index(slot)] for slot in tensor.out)] = value[place]
    return whole


def test_what_is_no_expression_in_members_is_refused() -> None:
    with entered(Session()):
        arrays, holding = _arrays(), Holding(LETTERS)
        with pytest.raises(Diagonal):
            holding.hold(build.einsum([(arrays["c"], ("k",))], ("k", "k")), ("k", "l"))
        for tensor, at in (
            (build.identity((K,)), ("k", None)),
            (build.apply("inv", (arrays["S"],), (K, K)), ("k", "l")),
            (build.constant("tril", (), (K, K)), ("k", "l")),
        ):
            with pytest.raises(NotHeld):
                holding.hold(tensor, at)


# What is differentiated, by what, the letters at which the result is held, and how it is written.
WRITTEN: dict[str, tuple[Callable[[Arrays], Tensor], str, tuple[str | None, ...], str]] = {
    "sum_k tr(A_k X X^T)": (
        lambda a: build.einsum([(a["A"], "kij"), (a["X"], "jl"), (a["X"], "il")], ""),
        "X",
        (None, None),
        "(sum_k (A_k + A_k^T)) X",
    ),
    "sum_k sum(exp(A_k X))": (
        lambda a: build.einsum(
            [(build.apply("exp", (build.einsum([(a["A"], "kij"), (a["X"], "jl")], "kil"),), (K, N, M)), "kil")], ""
        ),
        "X",
        (None, None),
        "sum_k A_k^T exp(A_k X)",
    ),
    "sum_k ||A_k x - b_k||^2": (
        lambda a: build.einsum([(_residuals(a), "ki"), (_residuals(a), "ki")], ""),
        "x",
        (None,),
        "2 sum_k A_k^T (A_k x - b_k)",
    ),
    "sum_k ||A_k x - b_k||^2 by A_k": (
        lambda a: build.einsum([(_residuals(a), "ki"), (_residuals(a), "ki")], ""),
        "A",
        ("k", None, None),
        "2 (A_k x - b_k) x^T",
    ),
    "sum_k ||A_k x - b_k||^2 by b_l": (
        lambda a: build.einsum([(_residuals(a), "ki"), (_residuals(a), "ki")], ""),
        "b",
        ("l", None),
        "-2 (A_l x - b_l)",
    ),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_families_of_matrices_are_written_by_their_members(name: str) -> None:
    made, by, at, printed = WRITTEN[name]
    with entered(Session()):
        arrays = _arrays()
        gradient = simplify(derive(simplify(made(arrays)), arrays[by]))
        assert text(Members({}, INDICES, at, ARRAYS).whole(gradient)) == printed
