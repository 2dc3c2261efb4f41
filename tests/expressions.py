"""Random typed expressions over the whole language: every row of the function table, and what is no row (slices, blocks, powers).

A row is used by its patterns: an output that fits the wanted shape binds letters to sizes, and the arguments are grown for
theirs.  A new row therefore gets in by itself.  What a row needs of its argument (`domain`) is mostly arranged by what is put
around it, 1 + x^2 or I + M^T M, and sometimes left to chance.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from random import Random
from typing import NamedTuple

from matdiff.functions import FUNCTIONS, Function
from matdiff.language.dims import ONE, SCALAR, Dim, Shape, size

# Every variable that an expression may have: kind or property, and the letters of its sizes.
POOL = {
    "alpha": "scalar",
    "beta": "scalar",
    "x": "n",
    "y": "n",
    "u": "m",
    "v": "m",
    "r": "1 x n",
    "A": "n x n",
    "B": "n x n",
    "C": "m x m",
    "W": "m x n",
    "V": "n x m",
    "S": "symmetric n",
    "P": "spd n",
    "D": "diagonal n",
    "L": "lower n",
    "U": "upper n",
    "K": "skew n",
    "Q": "orthogonal n",
}
PROPERTIES = ("symmetric", "spd", "diagonal", "lower", "upper", "skew", "orthogonal")
# Functions that grow so fast that their arguments are mostly made small first.
_STEEP = ("exp", "expm1", "sinh", "cosh", "expm", "dexpm", "d2expm")
MOST_NODES = 36


class Tree(NamedTuple):
    """An expression: a form such as `{0} + {1}` or `tr({0})`, the parts put into it, rows x columns."""

    form: str
    parts: tuple[Tree, ...]
    shape: Shape

    @property
    def is_tight(self) -> bool:
        """Stands without brackets anywhere: a leaf, a call, bars."""
        return not self.parts or (
            bool(re.fullmatch(r"\w+\([^()]*\)|\|\|\{0\}\|\|\w*|\[.*\]", self.form)) and "^T" not in self.form
        )

    def __str__(self) -> str:
        texts = [str(part) if part.is_tight or self._is_open else f"({part})" for part in self.parts]
        return self.form.format(*texts)

    @property
    def _is_open(self) -> bool:
        """Whether the form itself holds its parts: a call with nothing but arguments, bars, blocks."""
        return bool(re.fullmatch(r"\w+\([^()]*\)|\|\|\{0\}\|\|\w*|\[.*\]", self.form))

    @property
    def count(self) -> int:
        return 1 + sum(part.count for part in self.parts)

    def below(self) -> Iterator[Tree]:
        """The tree and all its parts."""
        yield self
        for part in self.parts:
            yield from part.below()


class Case(NamedTuple):
    """One question: definitions, an expression, the variables to differentiate by, the order, the treatment of structure."""

    sizes: tuple[tuple[str, int], ...]
    properties: tuple[tuple[str, str], ...]
    definitions: tuple[tuple[str, Tree], ...]
    body: Tree
    wrt: tuple[str, ...]
    order: int
    structure: str

    @property
    def source(self) -> str:
        return "; ".join([*(f"{name} = {tree}" for name, tree in self.definitions), str(self.body)])

    @property
    def names(self) -> tuple[str, ...]:
        """The variables that occur."""
        words = set(re.findall(r"[A-Za-z]+", self.source))
        return tuple(name for name, _ in self.properties if name in words)

    @property
    def declarations(self) -> list[str]:
        return [f"{name}: {_spelt(prop, dict(self.sizes))}" for name, prop in self.properties if name in self.names]

    @property
    def command(self) -> str:
        """What to type to see the answer."""
        words = [f'matdiff "{"; ".join([*self.declarations, self.source])}"', *(f"-w {name}" for name in self.wrt)]
        more = [f"--order {self.order}"] * (self.order != 1) + [f"--structure {self.structure}"] * (self.structure != "project")
        return " ".join(words + more)


def _spelt(kind: str, sizes: Mapping[str, int]) -> str:
    """A declaration; where sizes are numbers in this case, with the numbers."""
    return " ".join(str(sizes[f"={word}"]) if f"={word}" in sizes else word for word in kind.split(" "))


class Generator:
    """Grows one case from a seed."""

    def __init__(self, seed: object, functions: Mapping[str, Function] = FUNCTIONS) -> None:
        self.random = Random(repr(seed))
        self.rows = [row for row in functions.values() if row.is_word]
        self.functions = functions
        self.left = MOST_NODES
        self.defined: list[tuple[str, Tree]] = []
        numbers = self.random.choice([(3, 2), (2, 3), (3, 2), (2, 3), (3, 4)])
        # Sizes are names, in one case of six numbers: `=n` then stands for what is written in place of n.
        self.written = self.random.random() < 1 / 6
        prefix = "=" if self.written else ""
        self.sizes = tuple((prefix + letter, number) for letter, number in zip("nm", numbers, strict=True))
        self.n, self.m = (size(number) if self.written else size(letter) for letter, number in zip("nm", numbers, strict=True))
        self.names = {name: self._shape_of(kind) for name, kind in POOL.items()}
        self.favoured = self.random.sample(list(POOL), self.random.choice([1, 2, 2, 3, 4]))

    def _shape_of(self, kind: str) -> Shape:
        letters = {"n": self.n, "m": self.m, "1": ONE}
        if kind == "scalar":
            return SCALAR
        words = [word for word in kind.split() if word in letters]
        if kind.split()[0] in PROPERTIES:
            return self.n, self.n
        return letters[words[0]], letters[words[1]] if len(words) == 2 else ONE

    # --- the case -------------------------------------------------------------------------------------------------------

    def case(self) -> Case:
        """A case whose variables of differentiation occur in it."""
        random = self.random
        for _ in range(100):
            self.left, self.defined = MOST_NODES, []
            order = random.choices([0, 1, 2], [1, 6, 3])[0]
            # A second derivative of a deep expression takes ten times as long and shows little that a shallow one does not.
            depth = random.choices(range(1, 7), [2, 5, 4, 2, 1, 0.5] if order == 2 else [1, 3, 4, 4, 3, 2])[0]
            if random.random() < 0.3:
                self.defined = [("t", self.grow(random.randint(1, 3), self.any_shape(random.random() < 0.3)))]
            body = self.grow(depth, self.any_shape((order == 2 and random.random() < 0.7) or random.random() < 0.4))
            used = any(tree.form == "t" for tree in body.below())
            case = Case(self.sizes, tuple(POOL.items()), tuple(self.defined) if used else (), body, (), order, "project")
            if case.names and body.parts:
                break
        names = sorted(case.names, key=lambda name: (name not in self.favoured, random.random()))
        wrt = tuple(names[: random.choice([1, 1, 1, 1, 2, 2, 3])]) if order else ()
        if order == 2 and len(wrt) > 2:
            wrt = wrt[:2]
        structured = any(POOL[name].split()[0] in PROPERTIES for name in wrt)
        structure = random.choice(["project", "project", "ignore", "entries"]) if structured else "project"
        return case._replace(wrt=wrt, structure=structure)

    def any_shape(self, is_scalar: bool) -> Shape:
        if is_scalar:
            return SCALAR
        n, m = self.n, self.m
        return self.random.choice(
            [(n, ONE), (n, ONE), (m, ONE), (n, n), (n, n), (m, n), (n, m), (ONE, n), (m, m), (m * n, ONE), (n + ONE, ONE)]
        )

    def any_size(self) -> Dim:
        n, m = self.n, self.m
        choices, weights = [n, m, ONE, m * n, n + m, n + ONE], [12, 6, 3, 0.6, 0.6, 0.6]
        return self.random.choices(choices, weights)[0]

    # --- trees ----------------------------------------------------------------------------------------------------------

    def grow(self, depth: int, shape: Shape) -> Tree:
        """A tree of at most this depth."""
        self.left -= 1
        if depth <= 0 or self.left <= 0 or self.random.random() < 0.08:
            return self.leaf(shape)
        for _ in range(8):
            family = self.random.choices(_FAMILIES, _WEIGHTS)[0]
            tree = family(self, depth - 1, shape)
            if tree is not None:
                return tree
        return self.leaf(shape)

    def leaf(self, shape: Shape) -> Tree:
        """A variable, a definition, a constant, or what makes a compound size of such."""
        random, (rows, columns) = self.random, shape
        fitting = [name for name, known in self.names.items() if known == shape]
        turned = [name for name, known in self.names.items() if known == shape[::-1] and known != shape]
        favoured = [name for name in (*fitting, *turned) if name in self.favoured]
        defined = [name for name, tree in self.defined if tree.shape == shape]
        if defined and random.random() < 0.6:
            return Tree(defined[0], (), shape)
        if (fitting or turned) and random.random() < 0.85:
            name = random.choice(favoured if favoured and random.random() < 0.8 else [*fitting, *turned])
            return Tree(name, (), shape) if name in fitting else Tree("{0}^T", (Tree(name, (), shape[::-1]),), shape)
        if shape == SCALAR:
            return Tree(random.choice(["2", "3", "1/2", "0.3", "1", "rows(x)", "pi"]), (), shape)
        made = self.compound(shape) if random.random() < 0.85 else None
        if made is not None:
            return made
        choices = [f"ones({rows}, {columns})", f"ones({rows}, {columns})", f"zeros({rows}, {columns})"]
        if columns.is_one:
            choices += [f"ones({rows})", f"e({self.place(rows)}, {rows})"]
        if rows == columns:
            choices += [f"eye({rows})"] * 3
        return Tree(random.choice(choices), (), shape)

    def compound(self, shape: Shape) -> Tree | None:
        """Of sizes such as m n and n + 1: the blocks, a Kronecker product or vec of leaves."""
        if any(len(dim.terms) > 1 for dim in shape):
            return self.block(0, shape)
        pairs = [self.factors(dim) if self.is_compound(dim) else [(dim, ONE), (ONE, dim)] for dim in shape]
        if not any(map(self.is_compound, shape)) or not all(pairs):
            return None
        (a, b), (c, d) = map(self.random.choice, pairs)
        if shape[1].is_one and self.random.random() < 0.6:
            return Tree("vec({0})", (self.leaf((b, a)),), shape)
        return Tree("kron({0}, {1})", (self.leaf((a, c)), self.leaf((b, d))), shape)

    def is_compound(self, dim: Dim) -> bool:
        return dim not in (self.n, self.m, ONE)

    def factors(self, dim: Dim) -> list[tuple[Dim, Dim]]:
        """The pairs of sizes with this product."""
        return [(a, b) for a in (self.n, self.m, ONE) for b in (self.n, self.m, ONE) if a * b == dim]

    def place(self, dim: Dim) -> str:
        """An index within any size but 1."""
        return "1" if dim.is_one else self.random.choice(["1", "2"])

    # Rows of the table.

    def table(self, depth: int, shape: Shape) -> Tree | None:
        found: dict[str, list[tuple[Function, list[Shape]]]] = {}
        for row in self.rows:
            if row.form == "frechet" and shape == SCALAR:  # refused: the derivative of a function of a number has no need of it
                continue
            for arguments in self._arguments(row, shape):
                found.setdefault(row.form, []).append((row, arguments))
        if not found:
            return None
        form = self.random.choices(list(found), [_FORMS.get(form, 1) for form in found])[0]
        # What is locally constant ends every derivative, so it comes seldom.
        chances = [0.15 if row.rules[:1] == ("0 .* dX",) or row.order > 1 else 1 for row, _ in found[form]]
        row, arguments = self.random.choices(found[form], chances)[0]
        parts = [self.argument(row, place, depth, wanted) for place, wanted in enumerate(arguments)]
        marks = ", ".join(f"{{{place}}}" for place in range(len(parts)))
        name = self.random.choice([row.name, row.name, *row.aliases])
        if row.name == "norm" and self.random.random() < 0.6:
            name = "norm" if parts[0].shape[1].is_one else "normF"
        return Tree(f"{name}({marks})", tuple(parts), shape)

    def _arguments(self, row: Function, shape: Shape) -> Iterator[list[Shape]]:
        """The shapes of the arguments for each pattern of a row whose value has this shape."""
        if not row.patterns:
            yield [shape]
        for inputs, output in row.patterns:
            sizes: dict[str, Dim] = {"1": ONE}
            if all(self._bind(sizes, token, dim) for token, dim in zip(output, shape, strict=True)):
                for letter in (letter for pair in inputs for letter in pair):
                    sizes.setdefault(letter, self.any_size())
                yield [(sizes[rows], sizes[columns]) for rows, columns in inputs]

    def _bind(self, sizes: dict[str, Dim], token: str, dim: Dim) -> bool:
        letters = token.split("*")
        if len(letters) == 1:
            return sizes.setdefault(token, dim) == dim
        if any(letter in sizes for letter in letters):
            left, right = (sizes.get(letter) for letter in letters)
            return left is not None and right is not None and left * right == dim
        pairs = self.factors(dim)
        if not pairs:
            return False
        sizes.update(zip(letters, self.random.choice(pairs), strict=True))
        return True

    def argument(self, row: Function, place: int, depth: int, shape: Shape) -> Tree:
        """An argument that mostly lies in the domain of the row."""
        is_matrix = shape[0] == shape[1] and not shape[0].is_one
        if row.domain in ("spd", "symmetric", "invertible") and (not is_matrix or place):
            return self.grow(depth, shape)
        if row.domain in _ARRANGED and self.random.random() < 0.85:
            return self.arranged(row.domain, depth, shape)
        if row.name in _STEEP and not place and self.random.random() < 0.6:
            return self.wrapped(["tanh({0})", "{0} ./ 4", "sin({0})"], depth, shape)
        return self.grow(depth, shape)

    def arranged(self, domain: str, depth: int, shape: Shape) -> Tree:
        if domain == "symmetric":
            return self.wrapped(["{0} + {0}^T", "{0} * {0}^T"], depth, shape)
        if domain in ("invertible", "spd"):
            n, k = shape[0], self.random.choice([self.n, self.m])
            if domain == "invertible" and self.random.random() < 0.3:
                return self.grow(depth, shape)
            if shape == self.names["P"] and self.random.random() < 0.3:
                return Tree("P", (), shape)
            form, inner = self.random.choice([("I + {0}^T * {0}", (k, n)), ("2 * I + {0} * {0}^T", (n, k))])
            return Tree(form, (self.grow(depth, inner),), shape)
        if domain == "positive":
            square = "{0}^2" if shape == SCALAR else "{0}.^2"
            return self.wrapped(["exp({0})", f"1/2 + {square}", "1 + {0} .* {0}", "2 + tanh({0})", "1 + abs({0})"], depth, shape)
        if domain == "unit":
            return self.wrapped(["tanh({0}) ./ 2", "sin({0}) ./ 3", "{0} ./ 4"], depth, shape)
        return self.grow(depth, shape)

    def wrapped(self, forms: list[str], depth: int, shape: Shape) -> Tree:
        return Tree(self.random.choice(forms), (self.grow(depth, shape),), shape)

    # Operators.

    def total(self, depth: int, shape: Shape) -> Tree:
        if shape != SCALAR and self.random.random() < 0.15:
            # Added to an array must be a plain scalar: x^T x + A is an error.
            form = self.random.choice(["{0} + {1}", "{1} - {0}"])
            return Tree(form, (self.leaf(SCALAR), self.grow(depth, shape)), shape)
        if shape[0] == shape[1] and shape != SCALAR and self.random.random() < 0.15:
            return Tree(self.random.choice(["{0} + I", "I - {0}", "{0} + 2 * I"]), (self.grow(depth, shape),), shape)
        count = self.random.choice([2, 2, 2, 3])
        signs = [self.random.choice("+-") for _ in range(count)]
        form = "{0}" + "".join(f" {sign} {{{place}}}" for place, sign in enumerate(signs) if place)
        return Tree(form, tuple(self.grow(depth, shape) for _ in range(count)), shape)

    def product(self, depth: int, shape: Shape) -> Tree:
        rows, columns = shape
        if self.random.random() < 0.2:
            form = self.random.choice(["{0} * {1}", "{1} * {0}", "{0} .* {1}"])
            return Tree(form, (self.grow(depth, SCALAR), self.grow(depth, shape)), shape)
        inner = [self.any_size() for _ in range(self.random.choice([1, 1, 1, 2]))]
        ends = [rows, *inner, columns]
        form = " * ".join(f"{{{place}}}" for place in range(len(ends) - 1))
        return Tree(form, tuple(self.grow(depth, pair) for pair in zip(ends, ends[1:])), shape)

    def quadratic(self, depth: int, shape: Shape) -> Tree | None:
        """x^T A x and X^T A X with one and the same x."""
        n = self.random.choice([self.n, self.m])
        if shape[0] != shape[1]:
            return None
        return Tree("{0}^T * {1} * {0}", (self.grow(depth, (n, shape[0])), self.grow(depth, (n, n))), shape)

    def entrywise(self, depth: int, shape: Shape) -> Tree:
        form = self.random.choice(["{0} .* {1}", "{0} .* {1}", "{0} .* {1} .* {2}"])
        return Tree(form, tuple(self.grow(depth, shape) for _ in range(form.count("{"))), shape)

    def quotient(self, depth: int, shape: Shape) -> Tree:
        if self.random.random() < 0.5:
            below = self.arranged("positive", depth, SCALAR) if self.random.random() < 0.6 else self.grow(depth, SCALAR)
            return Tree("{0} / {1}", (self.grow(depth, shape), below), shape)
        below = self.arranged("positive", depth, shape) if self.random.random() < 0.6 else self.grow(depth, shape)
        if self.random.random() < 0.3:
            return Tree("1 ./ {0}", (below,), shape)
        return Tree("{0} ./ {1}", (self.grow(depth, shape), below), shape)

    def power(self, depth: int, shape: Shape) -> Tree:
        sign = "^" if shape == SCALAR and self.random.random() < 0.7 else ".^"
        kind = self.random.random()
        if kind < 0.5:
            return Tree("{0}" + sign + self.random.choice(["2", "2", "3", "4"]), (self.grow(depth, shape),), shape)
        base = self.arranged("positive", depth, shape) if self.random.random() < 0.85 else self.grow(depth, shape)
        if kind < 0.8:
            exponent = self.random.choice(["(-1)", "(-2)", "(1/2)", "(-1/2)", "(3/2)", "0.3", "(1/3)"])
            return Tree("{0}" + sign + exponent, (base,), shape)
        return Tree(f"{{0}}{sign}{{1}}", (base, self.grow(depth, self.random.choice([SCALAR, shape]))), shape)

    def matrix_power(self, depth: int, shape: Shape) -> Tree | None:
        if shape[0] != shape[1] or shape == SCALAR:
            return None
        form = self.random.choice(["{0}^2", "{0}^3", "{0}^-1", "{0}^-1", "{0}^-2", "{0}^-T"])
        base = self.arranged("invertible", depth, shape) if "-" in form else self.grow(depth, shape)
        return Tree(form, (base,), shape)

    def transpose(self, depth: int, shape: Shape) -> Tree | None:
        return Tree("{0}^T", (self.grow(depth, shape[::-1]),), shape) if shape != SCALAR else None

    def negation(self, depth: int, shape: Shape) -> Tree:
        return Tree("-{0}", (self.grow(depth, shape),), shape)

    def contraction(self, depth: int, shape: Shape) -> Tree | None:
        if shape != SCALAR:
            return None
        inner = self.any_size(), self.any_size()
        form = self.random.choice(["{0} : {1}", "{0}^T * {1}", "||{0}||^2", "||{0}||_1", "||{0}||"])
        if form != "{0} : {1}":
            inner = inner[0], ONE
        return Tree(form, tuple(self.grow(depth, inner) for _ in range(1 + form.count("{1}"))), shape)

    # What is no row: entries, slices, blocks, unvec.

    def slice(self, depth: int, shape: Shape) -> Tree | None:
        rows, columns = shape
        if shape == SCALAR:
            dim, other = self.random.choice([self.n, self.m]), self.random.choice([self.n, self.m])
            if self.random.random() < 0.5:
                return Tree(f"{{0}}[{self.place(dim)}]", (self.grow(depth, (dim, ONE)),), shape)
            return Tree(f"{{0}}[{self.place(dim)},{self.place(other)}]", (self.grow(depth, (dim, other)),), shape)
        dim = self.random.choice([self.n, self.m])
        if columns.is_one:
            return Tree(f"{{0}}[:,{self.place(dim)}]", (self.grow(depth, (rows, dim)),), shape)
        if rows.is_one:
            return Tree(f"{{0}}[{self.place(dim)},:]", (self.grow(depth, (dim, columns)),), shape)
        return None

    def block(self, depth: int, shape: Shape) -> Tree | None:
        heights, widths = ([*_parts_of(dim)] for dim in shape)
        if len(heights) == len(widths) == 1:
            return None
        parts = [self.grow(depth, (height, width)) for height in heights for width in widths]
        marks = [", ".join(f"{{{row * len(widths) + place}}}" for place in range(len(widths))) for row in range(len(heights))]
        return Tree("[" + "; ".join(marks) + "]", tuple(parts), shape)

    def unvec(self, depth: int, shape: Shape) -> Tree | None:
        rows, columns = shape
        if any(len(dim.terms) != 1 for dim in shape):
            return None
        return Tree(
            f"unvec({{0}}, {_spelt_size(rows)}, {_spelt_size(columns)})", (self.grow(depth, (rows * columns, ONE)),), shape
        )


def _spelt_size(dim: Dim) -> str:
    return str(dim).replace(" ", "*")


def _parts_of(dim: Dim) -> Iterator[Dim]:
    """The sizes that a block matrix of this size is made of: n + 1 of n and 1, 3 of 2 and 1."""
    if dim.value is not None and dim.value > 1:
        yield from (size(dim.value - 1), ONE)
    elif len(dim.terms) > 1 and all(coefficient == 1 for _, coefficient in dim.terms):
        yield from (Dim({monomial: 1}) for monomial, _ in reversed(dim.terms))
    else:
        yield dim


_FORMS = {"matrix": 0.25, "frechet": 0.15, "macro": 0.5}
_ARRANGED = ("positive", "unit", "invertible", "symmetric", "spd")
Family = Callable[[Generator, int, Shape], "Tree | None"]
_CHANCES: dict[Family, float] = {
    Generator.table: 10,
    Generator.total: 4,
    Generator.product: 6,
    Generator.quadratic: 1,
    Generator.entrywise: 2,
    Generator.quotient: 1.5,
    Generator.power: 1.5,
    Generator.matrix_power: 1.5,
    Generator.transpose: 1,
    Generator.negation: 0.5,
    Generator.contraction: 2,
    Generator.slice: 0.7,
    Generator.block: 1.5,
    Generator.unvec: 0.4,
}
_FAMILIES, _WEIGHTS = list(_CHANCES), list(_CHANCES.values())


# --- smaller cases --------------------------------------------------------------------------------------------------------


def smaller(case: Case) -> Iterator[Case]:
    """Simpler cases of the same shapes, the boldest first."""
    if case.order > 1:
        yield case._replace(order=1)
    for name in case.wrt if len(case.wrt) > 1 else ():
        yield case._replace(wrt=(name,))
    if case.structure != "project":
        yield case._replace(structure="project")
    for name, tree in case.definitions:
        yield case._replace(definitions=(), body=_with_name(case.body, name, tree))
        for other in _simpler(tree):
            yield case._replace(definitions=((name, other),))
    for tree in _simpler(case.body):
        yield case._replace(body=tree)
    for name, kind in case.properties:
        if kind.split()[0] in PROPERTIES and name in case.names:
            plain = tuple((n, k if n != name else "n x n") for n, k in case.properties)
            yield case._replace(properties=plain)


def _with_name(tree: Tree, name: str, value: Tree) -> Tree:
    if tree.form == name:
        return value
    return tree._replace(parts=tuple(_with_name(part, name, value) for part in tree.parts))


def _simpler(tree: Tree) -> Iterator[Tree]:
    """The tree with one part of it replaced by a smaller one of the same shape."""
    inner = [part for part in tree.below() if part is not tree and part.shape == tree.shape]
    yield from sorted(inner, key=lambda part: part.count)
    if tree.parts:
        yield from (Tree(form, (), tree.shape) for form in _plain(tree.shape))
        if tree.shape == SCALAR:  # any scalar function of a part will do
            yield from (Tree("sum({0})", (part,), SCALAR) for part in islice(tree.below(), 1, 12) if part.shape != SCALAR)
        turned = [part for part in islice(tree.below(), 1, 12) if part.shape == tree.shape[::-1] != tree.shape]
        yield from (Tree("{0}^T", (part,), tree.shape) for part in turned if tree.form != "{0}^T")
    elif tree.shape == SCALAR and tree.form not in ("1", "2"):
        yield Tree("2", (), SCALAR)
    if len(tree.parts) > 2 and re.fullmatch(r"\{0\}( [-+*.]+ \{\d\})+", tree.form) and "*" not in tree.form.replace(".*", ""):
        for place in range(len(tree.parts)):
            rest = tree.parts[:place] + tree.parts[place + 1 :]
            sign = " .* " if ".*" in tree.form else " + "
            yield Tree(sign.join(f"{{{k}}}" for k in range(len(rest))), rest, tree.shape)
    for place, part in enumerate(tree.parts):
        for other in _simpler(part):
            yield tree._replace(parts=(*tree.parts[:place], other, *tree.parts[place + 1 :]))


def _plain(shape: Shape) -> list[str]:
    """Leaves of this shape."""
    found = [name for name, kind in (("alpha", "scalar"),) if kind and shape == SCALAR]
    rows, columns = shape
    letters = {str(rows), str(columns)}
    if rows == columns and not rows.is_one:
        found += ["A"] if "n" in letters else ["C"] if "m" in letters else []
    elif columns.is_one and not rows.is_one:
        found += ["x"] if "n" in letters else ["u"] if "m" in letters else []
    elif letters == {"m", "n"}:
        found += ["W" if str(rows) == "m" else "V"]
    return found
