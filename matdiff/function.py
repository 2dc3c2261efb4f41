"""`Function`: what is known of a function, and the table in which functions find one another; its rows are in `functions`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache

Signature = tuple[tuple[tuple[str, str], ...], tuple[str, str]]

FUNCTIONS: dict[str, Function] = {}
# What is taken of every matrix of a family: only tensors know it.
_OF_MEMBERS: dict[str, Function] = {}
NAMES: dict[str, str] = {}
RESERVED = ("I", "ones", "zeros", "eye", "wrt", "pi")


class Function:
    """One row.

    name       what `Expr.op` holds and what is printed
    form       "each" elementwise, any shape | "func" acts on whole matrices | "matrix" is a function of a square matrix
               whose derivative has a name, such as expm | "frechet" is that derivative, dexpm(X, E) at X in the direction E,
               and d2expm(X, E, F), the second one | "op" moves indices | "macro" an abbreviation | "lifted" is a function of
               vectors, of every row or column of a matrix: softmax(X, rows), or one of matrices, of every member of a family
    patterns   shape rules, tried in order: ((argument (rows, columns), ...), result (rows, columns)); empty for elementwise
               functions
    rules      "each", "func": the differential; "macro": that which derivations name, for each pattern, empty where there is
               none; "matrix": the scalar derivative f'(X) (empty where f is no primary function), then the differential for the
               second argument; "op", "frechet": empty.  An elementwise rule or value uses only elementwise operators (`.*`, `./`,
               `.^`, `+`, `-`), since its argument may have any number of axes
    values     the definition by other functions, one for all patterns or one for each.  A "macro" is differentiated as what it is
               defined to be; the others need a definition only where numbers, proofs or a format of code do not know them
    singular   the differential where the argument is a matrix that need not have an inverse, if it is another one
    aliases    other accepted names
    latex      spelling with `{}` for the argument, None for \\operatorname{name}
    domain     where the tests sample an entry: "real", "positive", "unit" (-1, 1), "nonzero"; of a matrix: "invertible", "spd",
               "symmetric"
    range      what is known of every value: an interval for each entry, `(0, inf)`, `[0, 1]`, or of a matrix "invertible" or
               "rank of X", where it has the rank of its argument
    letter     what authors call a value of it that gets a name
    statistic  whether it makes a scalar of entries that is usually combined with them again, as in x - mean(x)
    on_diagonal   "matrix": f(diag(X)) as the vector on the diagonal
    on_scalar     f(X) for a 1 x 1 matrix X; empty where the rule holds for it too
    power      the exponent of the power of a matrix that it is, `1/2`, or `Z` where that is its second argument
    words      "matrix": what it is of a matrix, for an elementwise function of the same kind
    meaning    "matrix": what its derivative in the direction E is; "frechet": what it is
    of, order  "frechet": the function it is a derivative of, and the number of directions; "lifted": the function of one
    along      "lifted": "rows", "cols" or "members"
    conditions what a formula with it needs, one for each pattern, with `{0}` for the argument
    note       what a user should be told when it is used; `at` names the points without a derivative
    source     where the differential stands in print
    transposition   "equivariant" if f(X^T) = f(X)^T, "invariant" if f(X^T) = f(X), "symmetric" if f(X)^T = f(X) too;
                    elementwise functions are equivariant
    """

    __slots__ = (
        "aliases", "along", "at", "conditions", "domain", "form", "latex", "letter", "meaning", "name", "note", "of", "on_diagonal",
        "on_scalar", "order", "patterns", "power", "range", "rules", "singular", "source", "statistic", "transposition", "values",
        "words",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        form: str,
        pattern: str = "",
        rule: str = "",
        *,
        value: str = "",
        singular: str = "",
        aliases: str = "",
        latex: str | None = None,
        domain: str = "real",
        condition: str = "",
        note: str = "",
        at: str = "",
        source: str = "",
        transposition: str = "",
        range: str = "",
        letter: str = "",
        statistic: bool = False,
        on_diagonal: str = "",
        on_scalar: str = "",
        power: str = "",
        words: str = "",
        meaning: str = "",
        of: str = "",
        order: int = 0,
        along: str = "",
    ) -> None:
        self.name, self.form = name, form
        self.rules = tuple(part.strip() for part in rule.split("|")) if rule else ()
        self.values = tuple(part.strip() for part in value.split("|")) if value else ()
        self.singular = singular
        self.patterns = tuple(_signature(text) for text in pattern.split("|")) if pattern else ()
        self.aliases = tuple(aliases.split())
        self.latex, self.domain = latex, domain
        self.conditions = tuple(part.strip() for part in condition.split("|")) if condition else ()
        self.note, self.at, self.source, self.transposition = note, at, source, transposition
        self.range, self.letter, self.statistic = range, letter, statistic
        self.on_diagonal, self.on_scalar = on_diagonal, on_scalar or on_diagonal
        self.power, self.words, self.meaning = power, words, meaning
        self.of, self.order, self.along = of, order, along

    @property
    def arity(self) -> int:
        return len(self.patterns[0][0]) if self.patterns else 1

    def variant(self, ones: Sequence[bool]) -> int:
        """The first pattern that fits arguments of which it is known whether rows, columns, rows, ... are 1."""
        for place, (inputs, _) in enumerate(self.patterns):
            tokens = [token for pair in inputs for token in pair]
            if all(one for token, one in zip(tokens, ones) if token == "1"):
                return place
        return 0

    @property
    def is_entrywise(self) -> bool:
        """Whether it acts on every entry alone."""
        return self.form == "each" or (self.form == "macro" and not self.patterns)

    @property
    def is_linear(self) -> bool:
        """Whether it is linear in each argument: it moves indices, or df(X) = f(dX)."""
        if self.form == "lifted":
            return FUNCTIONS[self.of].is_linear
        return self.form == "op" or self.rules == (f"{self.name}(dX)",)

    @property
    def bounds(self) -> tuple[float, float]:
        """The closed interval that holds every entry of a value."""
        if not self.range.endswith((")", "]")):
            return float("-inf"), float("inf")
        low, high = self.range[1:-1].split(",")
        return float(low), float(high)

    @property
    def is_positive(self) -> bool:
        """Whether every entry of every value is surely positive."""
        return self.bounds[0] > 0 or self.range.startswith("(0,")

    @property
    def is_never_negative(self) -> bool:
        """Whether no entry of any value is negative."""
        return self.bounds[0] >= 0

    @property
    def is_scalar_valued(self) -> bool:
        """Whether every value is a number, whatever the arguments are."""
        return bool(self.patterns) and all(output == ("1", "1") for _, output in self.patterns)

    @property
    def has_kink(self) -> bool:
        """Whether it has points without a derivative where the sign of an argument changes, or jumps there."""
        return bool(self.at) or self.rules == ("0 .* dX",) or any(row.has_kink for row in self._abbreviated())

    @property
    def asks_positive(self) -> bool:
        """Whether it has real values only of what is positive, as roots and logarithms have, whatever was squared there."""
        return self.domain == "positive" or any(row.asks_positive for row in self._abbreviated())

    @property
    def is_exponential(self) -> bool:
        """Whether it nears a limit, or grows, exponentially: it is its own derivative, or made of what is, or has such a derivative."""
        waiting, seen = [self], {self.name}
        while waiting:
            row = waiting.pop()
            if row.rules[:1] in (("Y .* dX",), ("Y",)):
                return True
            called = {NAMES.get(name, "") for text in (*row.rules, *row.values) for name in _called(text)} | {row.of}
            called -= seen | {""}
            seen |= called
            waiting += [FUNCTIONS[name] for name in called]
        return False

    @property
    def is_of_whole_matrix(self) -> bool:
        """Whether it takes a matrix as one, like an inverse or an eigenvalue, not entry by entry or as a sum of entries."""
        if self.form == "func":
            return "1" not in self.patterns[0][0][0] and not self.has_kink
        if self.form == "lifted":
            return False
        return self.form in ("matrix", "frechet") or any(row.is_of_whole_matrix for row in self._abbreviated())

    @property
    def counts_entries(self) -> bool:
        """Whether the sizes of the argument are in the value as numbers."""
        return any({"rows", "cols"} & set(_called(text)) for text in self.values) or any(
            row.counts_entries for row in self._abbreviated()
        )

    @property
    def is_size(self) -> bool:
        """Whether its value depends on the size of the argument alone."""
        return bool(self.values) and not any(
            re.search(r"\b[XZ]\b", re.sub(r"\b(rows|cols)\(\w\)", "", text)) for text in self.values
        )

    def _abbreviated(self) -> list[Function]:
        """The functions that an abbreviation, or a function of rows, stands for."""
        if self.form == "lifted":
            return [FUNCTIONS[self.of]]
        texts = self.values if self.form == "macro" else ()
        return [FUNCTIONS[NAMES[name]] for text in texts for name in _called(text) if name in NAMES]

    @property
    def takes_vectors(self) -> bool:
        """Whether it makes a number or a vector like its argument of a vector, so that it may be taken of every row of a matrix.

        Not what a vector only is as a matrix with one column, such as its triangle or its pseudoinverse.
        """
        if self.form not in ("func", "macro", "op") or self.arity != 1 or not self.patterns or self.is_size:
            return False
        ((rows, columns),), output = self.patterns[0]
        if columns == "1":
            return output in ((rows, columns), ("1", "1"))
        is_number = output == ("1", "1")
        return (
            rows != columns and (is_number or (output == (rows, columns) and self.form != "op")) and not self.is_of_whole_matrix
        )

    @property
    def turns_vectors(self) -> bool:
        """Whether the value at a column is a row."""
        inputs, output = self.patterns[0] if self.patterns else ((), ())
        return self.form == "func" and len(inputs) == 1 and output == inputs[0][::-1] and output[0] != output[1]

    @property
    def is_word(self) -> bool:
        """Written `name(argument)`, as opposed to an operator."""
        return self.name[0].isalpha()

    def call(self, *arguments: str) -> str:
        """How it is written with these arguments: `softmax(X)`, `softmax(X, rows)`."""
        return f"{self.of}({', '.join((*arguments, self.along))})" if self.along else f"{self.name}({', '.join(arguments)})"


@cache
def _called(text: str) -> tuple[str, ...]:
    """The functions that a rule or a definition calls."""
    return tuple(re.findall(r"[A-Za-z]\w*(?=\()", text))


def _signature(text: str) -> Signature:
    """`"i j, j k -> i k"` as ((("i", "j"), ("j", "k")), ("i", "k"))."""
    left, _, right = text.partition("->")
    pairs = [tuple(part.split()) for part in [*left.split(","), right]]
    return tuple((p[0], p[1]) for p in pairs[:-1]), (pairs[-1][0], pairs[-1][1])


def _derivatives(row: Function) -> list[Function]:
    """The rows of the first and second derivative of a function of a matrix: dexpm(X, E) and d2expm(X, E, F)."""
    found = []
    for order, prefix in ((1, "d"), (2, "d2")):
        pattern = ", ".join([*map(" ".join, row.patterns[0][0]), *["n n"] * order]) + " -> n n"
        meaning = row.meaning if order == 1 else "and then in the direction F"
        source = "Higham, Functions of Matrices (2008), section 3.1" if order == 1 else "Higham and Relton (2014), theorem 3.5"
        found.append(
            Function(
                prefix + row.name,
                "frechet",
                pattern,
                domain=row.domain,
                meaning=meaning,
                source=source,
                of=row.name,
                order=order,
            )
        )
    return found


# What is taken of a matrix, in the words of the language.
LINES = ("rows", "cols")
_LINE = {"rows": "row", "cols": "column"}
# All axes before the last two: what is taken of every matrix in an array, as det(A_k); it has no word in the language.
MEMBERS = "members"


def lifted(function: str, along: str) -> str:
    """The name of the row of a function of every row, column or member, which nobody can type."""
    return f"{function} {along}"


def _of_lines(row: Function) -> list[Function]:
    """The rows of a function of vectors, of every row and of every column of a matrix."""
    found = []
    for along in LINES if row.takes_vectors else ():
        is_number = row.patterns[0][1] == ("1", "1")
        line = "m 1" if along == "rows" else "1 n"
        found.append(
            Function(
                lifted(row.name, along),
                "lifted",
                f"m n -> {line if is_number else 'm n'}",
                of=row.name,
                along=along,
                domain=row.domain,
                condition=row.conditions[0].replace("{0}", f"every {_LINE[along]} of {{0}}") if row.conditions else "",
                note=row.note.replace("entry", f"entry of a {_LINE[along]}"),
                at=row.at.replace("entry", f"entry of a {_LINE[along]}"),
                range=row.range,
                letter=row.letter,
            )
        )
    return found


def add(own: Function) -> list[Function]:
    """Put a row in the table, with the derivatives that have a name of their own, and the functions of rows and columns."""
    added = [own, *(_derivatives(own) if own.form == "matrix" else ())]
    for row in added:
        FUNCTIONS[row.name] = row
        NAMES.update(dict.fromkeys((row.name, *row.aliases), row.name))
    lines = _of_lines(own)
    if own.form == "func" and own.arity == 1 and own.is_of_whole_matrix and own.domain != "symmetric" and not own.takes_vectors:
        name = lifted(own.name, MEMBERS)
        _OF_MEMBERS[name] = Function(name, "lifted", of=own.name, along=MEMBERS)
    FUNCTIONS.update((row.name, row) for row in lines)
    return added + lines


_NONE = Function("", "")


def row_of(operation: str) -> Function:
    """The row of an operation; that of one that is no function claims nothing."""
    return FUNCTIONS.get(operation) or _OF_MEMBERS.get(operation, _NONE)


def word_of(operation: str) -> str:
    """What an operation is called: a function of every row by the name of the function."""
    row = row_of(operation)
    return row.of if row.along else operation


def function_written(letter: str) -> str | None:
    """The function that papers write as a Greek letter: `sigma` is the sigmoid."""
    return next((row.name for row in FUNCTIONS.values() if row.latex == f"\\{letter}"), None)


@contextmanager
def extended(*rows: Function) -> Iterator[None]:
    """The table with more rows for a block of code.

    A row needs a name that is free, a differential and, for numbers, proofs and code, a `value`:

        with extended(Function("swish", "each", rule="(sigmoid(X) + Y .* (1 - sigmoid(X))) .* dX", value="X .* sigmoid(X)")):
            differentiate("sum(swish(A x))", "x").to("numpy")

    Raises ValueError for a name that is taken.
    """
    for row in rows:
        taken = next((name for name in (row.name, *row.aliases) if name in NAMES or name in RESERVED), None)
        if taken is not None:
            raise ValueError(f"there is a function {taken} already")
    added: list[Function] = []
    try:
        for row in rows:
            added += add(row)
        yield
    finally:
        for row in added:
            del FUNCTIONS[row.name]
            _OF_MEMBERS.pop(lifted(row.name, MEMBERS), None)
            for name in (row.name, *row.aliases):
                NAMES.pop(name, None)
