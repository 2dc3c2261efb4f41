"""From expressions in index notation to the plan: sums of products of entries as contractions of arrays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from matdiff.code.plan import Node, Plan
from matdiff.functions import lifted, row_of
from matdiff.infer.rules import expanded
from matdiff.language.dims import Dim
from matdiff.language.queries import (
    BY_ENTRIES,
    axes_at,
    free_indices,
    index_names,
    is_scalar,
    letter_of,
    post_order,
    shape_of,
    sizes_of_indices,
    values_of,
)
from matdiff.language.syntax import Expr
from matdiff.recover.entries import by_entries, letters_beside
from matdiff.tensor.lower import axes_of

if TYPE_CHECKING:
    from typing import Protocol

    class Translator(Protocol):
        """What puts formulas into a plan: `translate.Translator`."""

        plan: Plan
        traits: frozenset[str]

        def array(self, root: Expr) -> Node: ...
        def is_defined(self, function: str) -> bool: ...
        def knows(self, function: str) -> bool: ...
        def by_known_functions(self, root: Expr) -> Expr: ...


def contracted(translator: Translator, root: Expr, letters: Sequence[tuple[str, Dim]]) -> Node:
    """The array of an expression in index notation, with one axis per letter."""
    return _Contraction(translator, dict(letters)).array(root, [letter for letter, _ in letters])


class _Contraction:
    """Turns terms in index notation into contractions; `sizes` are those of the letters."""

    def __init__(self, translator: Translator, sizes: dict[str, Dim]) -> None:
        self.translator, self.plan, self.sizes = translator, translator.plan, sizes

    def array(self, node: Expr, letters: list[str]) -> Node:
        """The array with an axis for each letter."""
        axes = tuple(self.sizes[letter] for letter in letters)
        if node.op == "+":
            signs = ["-" if term.op == "neg" else "+" for term in node.args]
            parts = [self.array(term.args[0] if term.op == "neg" else term, letters) for term in node.args]
            return self.plan.summed(parts, signs, axes)
        if node.op == "neg":
            return self.plan.negated(self.array(node.args[0], letters))
        scalars: list[tuple[Node, bool]] = []
        operands: list[tuple[Node, list[str]]] = []
        self._collect(node, 1, scalars, operands)
        return self._scaled(self._contracted(operands, letters), scalars)

    def _scaled(self, code: Node, scalars: list[tuple[Node, bool]]) -> Node:
        if code.op == "diagonals":  # the rest is zero
            value, *sizes = code.parts
            return self.plan.make("diagonals", self._scaled(value, scalars), *sizes, shape=code.shape, data=code.data)
        for scalar, above in scalars:
            if above:
                code = self.plan.times(scalar, code)
        for scalar, above in scalars:
            if not above:
                code = self.plan.over(code, scalar)
        return code

    def _collect(self, node: Expr, sign: int, scalars: list[tuple[Node, bool]], operands: list[tuple[Node, list[str]]]) -> None:
        """Add the factors of a term; `sign` is -1 below a fraction bar."""
        if node.op == "sigma" and sign > 0 and not operands:
            own = sizes_of_indices(node.args[0])  # another sum may use the letter for another size
            self.sizes = {**own, **self.sizes, **{letter: own[letter] for letter in map(letter_of, node.args[1:])}}
            return self._collect(node.args[0], sign, scalars, operands)
        if node.op == "*" and _has_indices(node):
            for factor in node.args:
                self._collect(factor, sign, scalars, operands)
            return None
        if node.op == "/" and _has_indices(node):
            self._collect(node.args[0], sign, scalars, operands)
            return self._collect(node.args[1], -sign, scalars, operands)
        if node.op == "neg" and _has_indices(node):
            scalars.append((self.plan.number(-1), True))
            return self._collect(node.args[0], sign, scalars, operands)
        if not _has_indices(node):
            code = self.translator.array(node)
            if code is not self.plan.one:
                scalars.append((code, sign > 0))
            return None
        code, letters = self._operand(node)
        if not letters:  # a sum that is a number
            scalars.append((code, sign > 0))
            return None
        operands.append((code if sign > 0 else self.plan.over(self.plan.one, code), letters))
        return None

    def _operand(self, node: Expr) -> tuple[Node, list[str]]:
        make = self.plan.make
        if node.op == "delta":
            letters = [str(index.value) for index in node.args]
            dim = self.sizes[letters[0]]
            return make("eye", self.plan.size(dim), shape=(dim, dim)), letters
        if node.op == "entry":
            return self._entry(node)
        if node.op == "^":
            base, letters = self._operand(node.args[0])
            return make("power", base, self.translator.array(node.args[1]), shape=base.shape), letters
        if not all(map(is_scalar, values_of(node))) and node.op not in BY_ENTRIES:
            return self._of_members(node)
        free = free_indices(node)[id(node)]
        letters = [letter for letter in dict.fromkeys(index_names(post_order(node))) if letter in free]
        self._learn(node)
        if node.op in ("+", "neg", "*", "/", "sigma"):
            return self.array(node, letters), letters
        if self.translator.is_defined(node.op):
            return self.array(expanded(node), letters), letters
        inner = self.array(node.args[0], letters)
        return make("apply", inner, shape=inner.shape, data=node.op), letters

    def _entry(self, node: Expr) -> tuple[Node, list[str]]:
        array, *indices = node.args
        letters = [str(index.value) for index in indices]
        self._learn(node)
        if _has_indices(array):
            value, held = self._of_members(array)
            return value, [*held, *letters]
        axes = axes_at(node)
        if array.op == "fuse":
            return self.plan.make("pairing", *map(self.plan.size, axes), shape=axes), letters
        if len(shape_of(array)) < len(letters):
            arguments = [self.translator.array(arg) for arg in array.args]
            return self.plan.make("slope", *arguments, self.plan.size(axes[0]), shape=axes, data=array.op), letters
        code = self.translator.array(array)
        if len(letters) == 2 and letters[0] == letters[1] and len(code.shape) == 2:
            return self.plan.make("diagonal", code, shape=code.shape[:1]), letters[:1]
        return code, letters

    def _of_members(self, call: Expr) -> tuple[Node, list[str]]:
        """What is in matrix notation with members, for all of them; their indices come before its own axes."""
        self._learn(call)
        held = sorted(free_indices(call)[id(call)])
        known = self.translator.by_known_functions(call)
        if row_of(known.op).form in ("", "op", "each"):  # what has entries
            return self._by_entries(known, held), held
        function = lifted(known.op, "rows") if len(axes_of(shape_of(known.args[0]))) == 1 else known.op
        if not self.translator.knows(function):
            return self._by_entries(expanded(known), held), held
        axes = (*(self.sizes[letter] for letter in held), *axes_of(shape_of(known)))
        return self.plan.make("each", self._by_entries(known.args[0], held), shape=axes, data=function), held

    def _by_entries(self, members: Expr, held: Sequence[str]) -> Node:
        """The array of an expression in matrix notation with members, which has their indices as its first axes."""
        own = list(islice(letters_beside(index_names(post_order(members))), len(axes_of(shape_of(members)))))
        inner = _Contraction(self.translator, {**self.sizes, **dict(zip(own, axes_of(shape_of(members))))})
        return inner.array(by_entries(members, own), [*held, *own])

    def _learn(self, root: Expr) -> None:
        """Note the sizes of the letters that stand at arrays."""
        self.sizes = {**sizes_of_indices(root), **self.sizes}

    def _contracted(self, operands: list[tuple[Node, list[str]]], letters: list[str]) -> Node:
        present = {letter for _, names in operands for letter in names}
        for letter in letters:
            if letter not in present:
                dim = self.sizes[letter]
                operands = [*operands, (self.plan.make("ones", self.plan.size(dim), shape=(dim,)), [letter])]
        if not operands:
            return self.plan.one
        if len(operands) == 1 and operands[0][1] == letters:
            return operands[0][0]
        if "scatter" in self.translator.traits:
            found = self._on_diagonals(operands, letters)
            if found is not None:
                return found
        if "repeats" not in self.translator.traits:
            operands = [part for code, names in operands for part in self._without_repeats(code, names)]
        # Libraries know letters of one character only.
        short = _short(letter for _, names in operands for letter in names)
        inputs = tuple("".join(short[letter] for letter in names) for _, names in operands)
        output = "".join(short[letter] for letter in letters)
        axes = tuple(self.sizes[letter] for letter in letters)
        return self.plan.make("einsum", *(code for code, _ in operands), shape=axes, data=(inputs, output))

    def _without_repeats(self, code: Node, names: list[str]) -> list[tuple[Node, list[str]]]:
        """The operand with a letter of its own for every axis, and deltas that make those that were one letter equal."""
        fresh, deltas = list(names), []
        for axis, name in enumerate(names):
            if name in names[:axis]:
                fresh[axis] = f"{name}_{axis}"
                dim = self.sizes[fresh[axis]] = self.sizes[name]
                deltas.append((self.plan.make("eye", self.plan.size(dim), shape=(dim, dim)), [name, fresh[axis]]))
        return [(code, fresh), *deltas]

    def _on_diagonals(self, operands: list[tuple[Node, list[str]]], letters: list[str]) -> Node | None:
        """The product where deltas let only diagonals differ from zero, as a smaller array put there; None without such a delta."""
        same: dict[str, str] = {}
        others = []
        for code, names in operands:
            first, second = (same.get(name, name) for name in names) if code.op == "eye" else ("", "")
            if first != second and {first, second} <= set(letters):
                same = {**{name: first if kept == second else kept for name, kept in same.items()}, second: first}
            else:
                others.append((code, names))
        if not same or not others:
            return None
        others = [(code, [same.get(name, name) for name in names]) for code, names in others]
        place = [same.get(letter, letter) for letter in letters]
        carried = {name for _, names in others for name in names}
        inside = [letter for letter in dict.fromkeys(place) if letter in carried]
        free = [letter for letter in dict.fromkeys(place) if letter not in carried]
        value = self._contracted(others, inside)
        short = _short(place)
        spec = "".join(map(short.__getitem__, place)), "".join(map(short.__getitem__, free + inside))
        sizes = [self.plan.size(self.sizes[letter]) for letter in free]
        axes = tuple(self.sizes[letter] for letter in letters)
        return self.plan.make("diagonals", value, *sizes, shape=axes, data="->".join(spec))


def _short(letters: Iterable[str]) -> dict[str, str]:
    """A letter of one character for each."""
    used = list(dict.fromkeys(letters))
    free = iter(c for c in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in used)
    return {letter: letter if len(letter) == 1 else next(free) for letter in used}


def _has_indices(root: Expr) -> bool:
    return any(node.op == "index" for node in post_order(root))
