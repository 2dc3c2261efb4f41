"""The table of functions: one row is all that a function needs to be known everywhere.

Numbers, proofs and formats of code that have no spelling of their own for a function use its `value`; what a library spells better
stands with the format.  A differential is the textbook line in matdiff's own language, where `X` is the argument, `Y` the value and `dX` the
differential of the argument; an operation that only moves indices has a pattern instead, which is at once its shape rule,
its lowering and, being linear in every operand, its derivative.  In signatures and patterns every value is rows x columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

Signature = tuple[tuple[tuple[str, str], ...], tuple[str, str]]


class Function:
    """One row.

    name       what `Expr.op` holds and what is printed
    form       "each" elementwise, any shape | "func" acts on whole matrices | "matrix" is a function of a square matrix
               whose derivative has a name, such as expm | "frechet" is that derivative, dexpm(X, E) at X in the direction E,
               and d2expm(X, E, F), the second one | "op" moves indices | "macro" an abbreviation | "lifted" is a function of
               vectors, of every row or column of a matrix: softmax(X, rows)
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
    of, order  "frechet": the function it is a derivative of, and the number of directions; "lifted": the function of a vector
    along      "lifted": "rows" or "cols"
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


def _each(name: str, rule: str, **more: Any) -> Function:
    return Function(name, "each", "", rule, **more)


def _func(name: str, pattern: str, rule: str, **more: Any) -> Function:
    return Function(name, "func", pattern, rule, **more)


def _matrix(name: str, rule: str, pattern: str = "n n -> n n", **more: Any) -> Function:
    return Function(name, "matrix", pattern, rule, transposition="equivariant", **more)


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


def lifted(function: str, along: str) -> str:
    """The name of the row of a function of every row or column, which nobody can type."""
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


def _op(name: str, pattern: str, **more: Any) -> Function:
    return Function(name, "op", pattern, **more)


def _macro(name: str, pattern: str, value: str, rule: str = "", **more: Any) -> Function:
    return Function(name, "macro", pattern, rule, value=value, **more)


# A power of a matrix with an exponent that is no whole number, which is written with `^`.
MATRIX_POWER = "powm"

_ROWS = (
    # Operations that only move indices.  `*`, `.*` and `:` with a scalar operand scale; that is infer's and lower's law, not a row.
    _op("*", "i j, j k -> i k"),
    _op("'", "i j -> j i"),
    _op(".*", "i j, i j -> i j"),
    _op(":", "i j, i j -> 1 1"),
    _op("tr", "i i -> 1 1", aliases="trace"),
    _op("sum", "i j -> 1 1", transposition="invariant", statistic=True),
    _op("diag", "i 1 -> i i | i i -> i 1", aliases="Diag"),
    _op("outer", "i 1, j 1 -> i j"),
    _op("dot", "i 1, i 1 -> 1 1", aliases="inner"),
    _op("kron", "i j, k l -> i*k j*l"),
    _op("vec", "i j -> j*i 1"),
    _op("cumsum", "i 1 -> i 1", on_scalar="X"),
    _op("tril", "i j -> i j", on_scalar="X"),
    _op("triu", "i j -> i j", on_scalar="X"),
    # Elementwise functions.
    _each("exp", "Y .* dX", latex=r"\exp", range="(0, inf)", letter="w"),
    _each("log", "dX ./ X", aliases="ln", latex=r"\log", domain="positive", condition="{0} > 0"),
    _each("log1p", "dX ./ (1 + X)", domain="positive", condition="{0} > -1", value="log(1 + X)"),
    _each("expm1", "exp(X) .* dX", value="exp(X) - 1"),
    _each("abs", "sign(X) .* dX", at="an entry is 0", note="sign(0) = 0 is used there", value="sign(X) .* X", range="[0, inf)"),
    _each("sign", "0 .* dX", aliases="sgn", domain="nonzero", at="an entry is 0", note="0 is used there", range="[-1, 1]"),
    _each("step", "0 .* dX", aliases="heaviside", domain="nonzero", at="an entry is 0", note="0 is used there", range="[0, 1]"),
    _each(
        "relu",
        "step(X) .* dX",
        at="an entry is 0",
        note="step(0) = 0 is used there",
        value="step(X) .* X",
        range="[0, inf)",
        letter="h",
    ),
    _each(
        "sigmoid",
        "Y .* (1 - Y) .* dX",
        aliases="logistic",
        latex=r"\sigma",
        value="1 ./ (1 + exp(-X))",
        range="(0, 1)",
        letter="s",
    ),
    _each("softplus", "sigmoid(X) .* dX", value="log(1 + exp(X))", range="(0, inf)", letter="u"),
    _each("logsigmoid", "sigmoid(-X) .* dX", value="-log(1 + exp(-X))", range="(-inf, 0)"),
    _each("erf", "2 ./ sqrt(pi) .* exp(-X.^2) .* dX", range="[-1, 1]"),
    _each(
        "gelu",
        "((1 + erf(X ./ sqrt(2))) ./ 2 + X .* exp(-X.^2 ./ 2) ./ sqrt(2 .* pi)) .* dX",
        source="Hendrycks and Gimpel (2016), section 2",
        value="X .* (1 + erf(X ./ sqrt(2))) ./ 2",
    ),
    _each("sin", "cos(X) .* dX", latex=r"\sin", range="[-1, 1]"),
    _each("cos", "-sin(X) .* dX", latex=r"\cos", range="[-1, 1]"),
    _each("tan", "(1 + Y.^2) .* dX", latex=r"\tan", domain="unit", value="sin(X) ./ cos(X)"),
    _each(
        "asin",
        "dX ./ sqrt(1 - X.^2)",
        aliases="arcsin",
        latex=r"\arcsin",
        domain="unit",
        condition="abs({0}) < 1",
    ),
    _each(
        "acos",
        "-dX ./ sqrt(1 - X.^2)",
        aliases="arccos",
        latex=r"\arccos",
        domain="unit",
        condition="abs({0}) < 1",
    ),
    _each("atan", "dX ./ (1 + X.^2)", aliases="arctan", latex=r"\arctan"),
    _each("sinh", "cosh(X) .* dX", latex=r"\sinh", value="(exp(X) - exp(-X)) ./ 2"),
    _each("cosh", "sinh(X) .* dX", latex=r"\cosh", value="(exp(X) + exp(-X)) ./ 2", range="[1, inf)"),
    _each("tanh", "(1 - Y.^2) .* dX", latex=r"\tanh", value="sinh(X) ./ cosh(X)", range="[-1, 1]", letter="h"),
    # Functions of whole matrices and vectors.
    _func(
        "inv",
        "n n -> n n",
        "-Y*dX*Y",
        domain="invertible",
        condition="{0} invertible",
        transposition="equivariant",
        source="Magnus and Neudecker (2019), ch. 8, eq. (8.4)",
        on_scalar="1 ./ X",
        power="-1",
        letter="S",
        value="adj(X) / det(X)",
    ),
    _func(
        "det",
        "n n -> 1 1",
        "Y*tr(inv(X)*dX)",
        singular="tr(adj(X)*dX)",
        latex=r"\det",
        transposition="invariant",
        source="Jacobi's formula; Magnus and Neudecker (2019), ch. 8, eq. (8.3)",
        on_scalar="X",
    ),
    _func(
        "logdet",
        "n n -> 1 1",
        "tr(inv(X)*dX)",
        latex=r"\log \det",
        domain="invertible",
        condition="{0} invertible",
        transposition="invariant",
        source="Matrix Cookbook (2012), eq. (43)",
        on_scalar="log(X)",
        value="log(det(X))",
    ),
    # Functions of a matrix with a derivative that has a name.  Of a primary function the first rule is the scalar derivative
    # f'(X): d tr f(X) = tr(f'(X) dX).  `_derivatives` adds the rows of dexpm, d2expm, ...
    _matrix(
        "expm",
        "Y",
        on_diagonal="exp(X)",
        meaning="the integral of expm(s X) E expm((1 - s) X) over s from 0 to 1",
        range="invertible",
        words="exponential",
    ),
    _matrix(
        "logm",
        "inv(X)",
        domain="spd",
        condition="{0} without eigenvalues <= 0",
        on_diagonal="log(X)",
        meaning="the solution Z of dexpm(logm(X), Z) = E",
        words="logarithm",
    ),
    _matrix(
        "sqrtm",
        "1/2 inv(Y)",
        domain="spd",
        condition="{0} without eigenvalues <= 0",
        on_diagonal="sqrt(X)",
        meaning="the solution Z of the Sylvester equation sqrtm(X) Z + Z sqrtm(X) = E",
        power="1/2",
        range="invertible",
        words="square root",
    ),
    _matrix(
        MATRIX_POWER,
        "Z*X^(Z - 1) | logm(X)*Y*dZ",
        "n n, 1 1 -> n n",
        domain="spd",
        condition="{0} without eigenvalues <= 0",
        on_diagonal="X .^ Z",
        power="Z",
        meaning="d/dt (X + t E)^a at t = 0",
        source="Higham, Functions of Matrices (2008), section 7.1",
    ),
    _matrix(
        "adj",
        "",
        aliases="adjugate",
        meaning="(tr(adj(X) E) I - adj(X) E) inv(X) for invertible X, and its limit for singular X",
        source="Magnus and Neudecker (2019), ch. 8, theorem 8.4",
        on_scalar="1",
    ),
    # The largest eigenvalue of a symmetric matrix, and the projector v v' onto its eigenvector.
    _func(
        "eigmax",
        "n n -> 1 1",
        "eigmaxproj(X) : dX",
        aliases="lambda_max",
        latex=r"\lambda_{\max}",
        domain="symmetric",
        condition="{0} symmetric with a simple largest eigenvalue",
        transposition="invariant",
        source="Magnus and Neudecker (2019), ch. 8, theorem 8.9; Matrix Cookbook (2012), eq. (67)",
        on_scalar="X",
    ),
    _func(
        "eigmin",
        "n n -> 1 1",
        "eigminproj(X) : dX",
        aliases="lambda_min",
        latex=r"\lambda_{\min}",
        domain="symmetric",
        condition="{0} symmetric with a simple smallest eigenvalue",
        transposition="invariant",
        source="Magnus and Neudecker (2019), ch. 8, theorem 8.9",
        on_scalar="X",
        value="-eigmax(-X)",
    ),
    _func(
        "eigmaxproj",
        "n n -> n n",
        "pinv(eigmax(X)*I - (X + X')/2)*(dX + dX')*Y/2 + Y*(dX + dX')*pinv(eigmax(X)*I - (X + X')/2)/2",
        domain="symmetric",
        condition="{0} symmetric with a simple largest eigenvalue",
        transposition="symmetric",
        source="Magnus and Neudecker (2019), ch. 8, theorem 8.9; Matrix Cookbook (2012), eq. (68)",
        on_scalar="1",
    ),
    _func(
        "eigminproj",
        "n n -> n n",
        "pinv(eigmin(X)*I - (X + X')/2)*(dX + dX')*Y/2 + Y*(dX + dX')*pinv(eigmin(X)*I - (X + X')/2)/2",
        domain="symmetric",
        condition="{0} symmetric with a simple smallest eigenvalue",
        transposition="symmetric",
        source="Magnus and Neudecker (2019), ch. 8, theorem 8.9; Matrix Cookbook (2012), eq. (68)",
        on_scalar="1",
        value="eigmaxproj(-X)",
    ),
    _func(
        "softmax",
        "n 1 -> n 1",
        "Y .* dX - Y*(Y'*dX)",
        on_scalar="1",
        value="exp(X) ./ sum(exp(X))",
        range="(0, 1)",
        letter="p",
    ),
    _func(
        "logsumexp",
        "n 1 -> 1 1",
        "softmax(X)'*dX",
        aliases="lse",
        on_scalar="X",
        value="log(sum(exp(X)))",
        statistic=True,
    ),
    _func(
        "pinv",
        "m n -> n m",
        "-Y*dX*Y + Y*Y'*dX'*(eye(m) - X*Y) + (eye(n) - Y*X)*dX'*Y'*Y",
        condition="rank of {0} constant",
        range="rank of X",
        transposition="equivariant",
        source="Golub and Pereyra (1973), eq. (4.12)",
    ),
    _func(
        "max",
        "m n -> 1 1",
        "argmax(X) : dX",
        at="the largest entry is not unique",
        note="the first largest entry is used there",
        transposition="invariant",
        on_scalar="X",
        statistic=True,
    ),
    _func(
        "min",
        "m n -> 1 1",
        "argmin(X) : dX",
        at="the smallest entry is not unique",
        note="the first smallest entry is used there",
        transposition="invariant",
        on_scalar="X",
        value="-max(-X)",
        statistic=True,
    ),
    _func("prod", "m n -> 1 1", "Y*sum(dX ./ X)", transposition="invariant", on_scalar="X", value="det(diag(vec(X)))"),
    _func("argmax", "m n -> m n", "0 .* dX", on_scalar="1", range="[0, 1]"),
    _func("argmin", "m n -> m n", "0 .* dX", on_scalar="1", value="argmax(-X)", range="[0, 1]"),
    # Abbreviations: the definition is what is differentiated; recover finds the short form again.
    _macro("sqrt", "", "X .^ (1/2)", "dX ./ (2 .* Y)", domain="positive", condition="{0} > 0", range="[0, inf)"),
    _macro(
        "norm",
        "m n -> 1 1",
        "sqrt(X : X)",
        "(X : dX) / Y",
        aliases="normF",
        range="[0, inf)",
        transposition="invariant",
        domain="nonzero",
        condition="{0} != 0",
    ),
    # The 2-norm of a matrix is its largest singular value.
    _macro(
        "norm2",
        "m 1 -> 1 1 | 1 n -> 1 1 | m n -> 1 1",
        "sqrt(X : X) | sqrt(X : X) | sqrt(eigmax(X'*X))",
        "(X : dX) / Y | (X : dX) / Y |",
        range="[0, inf)",
        domain="nonzero",
        condition="{0} != 0 | {0} != 0 | {0} != 0 with a simple largest singular value",
        on_scalar="abs(X)",
        source="Magnus and Neudecker (2019), ch. 8, theorem 8.9",
    ),
    _macro("cof", "n n -> n n", "adj(X)'", aliases="cofactor", on_scalar="1"),
    _macro("norm1", "m n -> 1 1", "sum(abs(X))", "sign(X) : dX", range="[0, inf)", transposition="invariant"),
    _macro(
        "maxnorm",
        "m n -> 1 1",
        "max(abs(X))",
        "argmax(abs(X)) : (sign(X) .* dX)",
        range="[0, inf)",
        transposition="invariant",
    ),
    _macro(
        "nucnorm",
        "m n -> 1 1",
        "tr(sqrtm(X'*X))",
        "tr(inv(sqrtm(X'*X))*X'*dX)",
        range="[0, inf)",
        condition="{0} of full column rank",
        on_scalar="abs(X)",
    ),
    _macro("mean", "m n -> 1 1", "sum(X) / numel(X)", "mean(dX)", statistic=True, on_scalar="X"),
    _macro("numel", "m n -> 1 1", "rows(X) cols(X)", range="[1, inf)"),
)

FUNCTIONS: dict[str, Function] = {}
NAMES: dict[str, str] = {}
RESERVED = ("I", "ones", "zeros", "eye", "wrt", "pi")


def _add(own: Function) -> list[Function]:
    """Put a row in the table, with the derivatives that have a name of their own, and the functions of rows and columns."""
    added = [own, *(_derivatives(own) if own.form == "matrix" else ())]
    for row in added:
        FUNCTIONS[row.name] = row
        NAMES.update(dict.fromkeys((row.name, *row.aliases), row.name))
    lines = _of_lines(own)
    FUNCTIONS.update((row.name, row) for row in lines)
    return added + lines


for _row in _ROWS:
    _add(_row)

_NONE = Function("", "")


def row_of(operation: str) -> Function:
    """The row of an operation; that of one that is no function claims nothing."""
    return FUNCTIONS.get(operation, _NONE)


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
            added += _add(row)
        yield
    finally:
        for row in added:
            del FUNCTIONS[row.name]
            for name in (row.name, *row.aliases):
                NAMES.pop(name, None)
