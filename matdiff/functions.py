"""The table of functions: one row holds everything matdiff knows about a function.

A differential is the textbook line in matdiff's own language, where `X` is the argument, `Y` the value and `dX` the
differential of the argument; an operation that only moves indices has a pattern instead, which is at once its shape rule,
its lowering and, being linear in every operand, its derivative.  In signatures and patterns every value is rows x columns.
"""

from __future__ import annotations

Signature = tuple[tuple[tuple[str, str], ...], tuple[str, str]]


class Function:
    """One row.

    name       what `Expr.op` holds and what is printed
    form       "each" elementwise, any shape | "func" acts on whole matrices | "matrix" is a primary
               function of a square matrix, such as expm | "frechet" is the derivative of one, dexpm(X, E) at X in the
               direction E | "op" moves indices | "macro" an abbreviation
    patterns   shape rules, tried in order: ((argument (rows, columns), ...), result (rows, columns)); empty for "each"
    rule       "each", "func": the differential; "macro": the definition; "op": empty.  An "each" rule uses only elementwise
               operators (`.*`, `./`, `.^`, `+`, `-`), since its argument may have any number of axes
    aliases    other accepted names
    latex      spelling with `{}` for the argument, None for \\operatorname{name}
    numpy      spelling with `{}` for each argument
    domain     where the tests sample an entry: "real", "positive", "unit" (-1, 1), "nonzero"; of a matrix: "invertible", "spd"
    condition  what the formula needs, with `{}` for the argument, for `conditions`
    note       what a user should be told when it is used; `at` names the points without a derivative
    source     where the differential stands in print
    transposition   "equivariant" if f(X^T) = f(X)^T, "invariant" if f(X^T) = f(X); elementwise functions are equivariant
    """

    __slots__ = (
        "aliases", "at", "condition", "domain", "form", "latex", "name", "note", "numpy", "patterns", "rule", "source", "transposition",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        form: str,
        pattern: str = "",
        rule: str = "",
        *,
        aliases: str = "",
        latex: str | None = None,
        numpy: str = "",
        domain: str = "real",
        condition: str = "",
        note: str = "",
        at: str = "",
        source: str = "",
        transposition: str = "",
    ) -> None:
        self.name, self.form, self.rule = name, form, rule
        self.patterns = tuple(_signature(text) for text in pattern.split("|")) if pattern else ()
        self.aliases = tuple(aliases.split())
        self.latex, self.numpy, self.domain, self.condition = latex, numpy, domain, condition
        self.note, self.at, self.source, self.transposition = note, at, source, transposition

    @property
    def arity(self) -> int:
        return len(self.patterns[0][0]) if self.patterns else 1

    @property
    def is_word(self) -> bool:
        """Written `name(argument)`, as opposed to an operator."""
        return self.name[0].isalpha()


def _signature(text: str) -> Signature:
    """`"i j, j k -> i k"` as ((("i", "j"), ("j", "k")), ("i", "k"))."""
    left, _, right = text.partition("->")
    pairs = [tuple(part.split()) for part in [*left.split(","), right]]
    return tuple((p[0], p[1]) for p in pairs[:-1]), (pairs[-1][0], pairs[-1][1])


def _each(name: str, rule: str, **more: str) -> Function:
    return Function(name, "each", "", rule, **more)


def _func(name: str, pattern: str, rule: str, **more: str) -> Function:
    return Function(name, "func", pattern, rule, **more)


def _matrix(name: str, rule: str, **more: str) -> Function:
    return Function(name, "matrix", "n n -> n n", rule, transposition="equivariant", **more)


def _frechet(name: str, **more: str) -> Function:
    return Function(name, "frechet", "n n, n n -> n n", source="Higham, Functions of Matrices (2008), section 3.1", **more)


def _op(name: str, pattern: str, **more: str) -> Function:
    return Function(name, "op", pattern, **more)


def _macro(name: str, pattern: str, rule: str, **more: str) -> Function:
    return Function(name, "macro", pattern, rule, **more)


_ROWS = (
    # Operations that only move indices.  `*`, `.*` and `:` with a scalar operand scale; that is infer's and lower's law, not a row.
    _op("*", "i j, j k -> i k"),
    _op("'", "i j -> j i"),
    _op(".*", "i j, i j -> i j"),
    _op(":", "i j, i j -> 1 1"),
    _op("tr", "i i -> 1 1", aliases="trace", numpy="np.trace({})"),
    _op("sum", "i j -> 1 1", numpy="{}.sum()"),
    _op("diag", "i 1 -> i i | i i -> i 1", aliases="Diag", numpy="np.diag({})"),
    _op("outer", "i 1, j 1 -> i j", numpy="np.outer({}, {})"),
    _op("dot", "i 1, i 1 -> 1 1", aliases="inner", numpy="({} @ {})"),
    _op("kron", "i j, k l -> i*k j*l", numpy="np.kron({}, {})"),
    _op("vec", "i j -> j*i 1", numpy="{}.ravel(order='F')"),
    _op("cumsum", "i 1 -> i 1", numpy="np.cumsum({})"),
    _op("tril", "i j -> i j", numpy="np.tril({})"),
    _op("triu", "i j -> i j", numpy="np.triu({})"),
    # Elementwise functions.
    _each("exp", "Y .* dX", latex=r"\exp", numpy="np.exp({})"),
    _each("log", "dX ./ X", aliases="ln", latex=r"\log", numpy="np.log({})", domain="positive", condition="{} > 0"),
    _each("log1p", "dX ./ (1 + X)", numpy="np.log1p({})", domain="positive", condition="{} > -1"),
    _each("expm1", "exp(X) .* dX", numpy="np.expm1({})"),
    _each("abs", "sign(X) .* dX", numpy="np.abs({})", at="an entry is 0", note="sign(0) = 0 is used there"),
    _each("sign", "0 .* dX", aliases="sgn", numpy="np.sign({})", domain="nonzero", at="an entry is 0", note="0 is used there"),
    _each(
        "step",
        "0 .* dX",
        aliases="heaviside",
        numpy="np.heaviside({}, 0.0)",
        domain="nonzero",
        at="an entry is 0",
        note="0 is used there",
    ),
    _each("relu", "step(X) .* dX", numpy="np.maximum({}, 0)", at="an entry is 0", note="step(0) = 0 is used there"),
    _each("sigmoid", "Y .* (1 - Y) .* dX", aliases="logistic", latex=r"\sigma", numpy="_sigmoid({})"),
    _each("softplus", "sigmoid(X) .* dX", numpy="np.logaddexp(0, {})"),
    _each("logsigmoid", "sigmoid(-X) .* dX", numpy="-np.logaddexp(0, -{})"),
    _each("erf", "2 ./ sqrt(pi) .* exp(-X.^2) .* dX", numpy="_erf({})"),
    _each(
        "gelu",
        "((1 + erf(X ./ sqrt(2))) ./ 2 + X .* exp(-X.^2 ./ 2) ./ sqrt(2 .* pi)) .* dX",
        numpy="{0} * (1 + _erf({0} / np.sqrt(2))) / 2",
        source="Hendrycks and Gimpel (2016), section 2",
    ),
    _each("sin", "cos(X) .* dX", latex=r"\sin", numpy="np.sin({})"),
    _each("cos", "-sin(X) .* dX", latex=r"\cos", numpy="np.cos({})"),
    _each("tan", "(1 + Y.^2) .* dX", latex=r"\tan", numpy="np.tan({})", domain="unit"),
    _each(
        "asin",
        "dX ./ sqrt(1 - X.^2)",
        aliases="arcsin",
        latex=r"\arcsin",
        numpy="np.arcsin({})",
        domain="unit",
        condition="abs({}) < 1",
    ),
    _each(
        "acos",
        "-dX ./ sqrt(1 - X.^2)",
        aliases="arccos",
        latex=r"\arccos",
        numpy="np.arccos({})",
        domain="unit",
        condition="abs({}) < 1",
    ),
    _each("atan", "dX ./ (1 + X.^2)", aliases="arctan", latex=r"\arctan", numpy="np.arctan({})"),
    _each("sinh", "cosh(X) .* dX", latex=r"\sinh", numpy="np.sinh({})"),
    _each("cosh", "sinh(X) .* dX", latex=r"\cosh", numpy="np.cosh({})"),
    _each("tanh", "(1 - Y.^2) .* dX", latex=r"\tanh", numpy="np.tanh({})"),
    # Functions of whole matrices and vectors.
    _func(
        "inv",
        "n n -> n n",
        "-Y*dX*Y",
        numpy="np.linalg.inv({})",
        domain="invertible",
        condition="{} invertible",
        transposition="equivariant",
        source="Magnus and Neudecker (2019), ch. 8, eq. (8.4)",
    ),
    _func(
        "det",
        "n n -> 1 1",
        "Y*tr(inv(X)*dX)",
        latex=r"\det",
        numpy="np.linalg.det({})",
        transposition="invariant",
        source="Jacobi's formula; Magnus and Neudecker (2019), ch. 8, eq. (8.3)",
    ),
    _func(
        "logdet",
        "n n -> 1 1",
        "tr(inv(X)*dX)",
        latex=r"\log \det",
        numpy="np.linalg.slogdet({})[1]",
        domain="invertible",
        condition="{} invertible",
        transposition="invariant",
        source="Matrix Cookbook (2012), eq. (43)",
    ),
    # Primary functions of a matrix: the rule is the scalar derivative f'(X), the closed form of the derivative of tr f(X).
    _matrix("expm", "Y", numpy="scipy.linalg.expm({})"),
    _matrix("logm", "inv(X)", numpy="scipy.linalg.logm({}).real", domain="spd", condition="{} without eigenvalues <= 0"),
    _matrix("sqrtm", "1/2 inv(Y)", numpy="scipy.linalg.sqrtm({}).real", domain="spd", condition="{} without eigenvalues <= 0"),
    _frechet("dexpm", numpy="_frechet(scipy.linalg.expm, {}, {})"),
    _frechet("dlogm", numpy="_frechet(scipy.linalg.logm, {}, {})"),
    _frechet("dsqrtm", numpy="_frechet(scipy.linalg.sqrtm, {}, {})"),
    _func("softmax", "n 1 -> n 1", "Y .* dX - Y*(Y'*dX)", numpy="_softmax({})"),
    _func("logsumexp", "n 1 -> 1 1", "softmax(X)'*dX", aliases="lse", numpy="_logsumexp({})"),
    _func(
        "pinv",
        "m n -> n m",
        "-Y*dX*Y + Y*Y'*dX'*(I - X*Y) + (I - Y*X)*dX'*Y'*Y",
        numpy="np.linalg.pinv({})",
        condition="rank of {} constant",
        transposition="equivariant",
        source="Golub and Pereyra (1973), eq. (4.12)",
    ),
    _func(
        "adj",
        "n n -> n n",
        "tr(Y*dX)*inv(X) - inv(X)*dX*Y",
        numpy="_adj({})",
        aliases="adjugate",
        domain="invertible",
        condition="{} invertible",
        transposition="equivariant",
        source="Magnus and Neudecker (2019), ch. 8, theorem 8.4",
    ),
    _func(
        "max",
        "m n -> 1 1",
        "argmax(X) : dX",
        numpy="{}.max()",
        at="the largest entry is not unique",
        note="the first largest entry is used there",
    ),
    _func(
        "min",
        "m n -> 1 1",
        "argmin(X) : dX",
        numpy="{}.min()",
        at="the smallest entry is not unique",
        note="the first smallest entry is used there",
    ),
    _func("argmax", "m n -> m n", "0 .* dX", numpy="_argmax({})"),
    _func("argmin", "m n -> m n", "0 .* dX", numpy="_argmax(-{})"),
    # Abbreviations: the definition is what is differentiated; recover finds the short form again.
    _macro("sqrt", "m n -> m n", "X .^ (1/2)", numpy="np.sqrt({})", domain="positive", condition="{} > 0"),
    _macro(
        "norm",
        "m n -> 1 1",
        "sqrt(X : X)",
        aliases="normF",
        numpy="np.linalg.norm({})",
        domain="nonzero",
        condition="{} != 0",
    ),
    # The 2-norm of a matrix is its largest singular value, which this is not: vectors only.
    _macro("norm2", "m 1 -> 1 1", "sqrt(X : X)", numpy="np.linalg.norm({})", domain="nonzero", condition="{} != 0"),
    _macro("norm1", "m n -> 1 1", "sum(abs(X))", numpy="np.abs({}).sum()"),
    _macro("maxnorm", "m n -> 1 1", "max(abs(X))", numpy="np.abs({}).max()"),
    _macro("nucnorm", "m n -> 1 1", "tr(sqrtm(X'*X))", numpy="np.linalg.norm({}, 'nuc')", condition="{} of full column rank"),
    _macro("mean", "m n -> 1 1", "sum(X) / numel(X)", numpy="{}.mean()"),
    _macro("numel", "m n -> 1 1", "rows(X) cols(X)", numpy="{}.size"),
)

FUNCTIONS = {row.name: row for row in _ROWS}
NAMES = {spelling: row.name for row in _ROWS for spelling in (row.name, *row.aliases)}
RESERVED = ("I", "ones", "zeros", "eye", "wrt", "pi")
