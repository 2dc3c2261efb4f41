"""The table of functions: one row is all that a function needs to be known everywhere.

Numbers, proofs and formats of code that have no spelling of their own for a function use its `value`; what a library spells better
stands with the format.  A differential is the textbook line in matdiff's own language, where `X` is the argument, `Y` the value and `dX` the
differential of the argument; an operation that only moves indices has a pattern instead, which is at once its shape rule,
its lowering and, being linear in every operand, its derivative.  In signatures and patterns every value is rows x columns.
"""

from __future__ import annotations

from typing import Any

from matdiff.function import (
    FUNCTIONS,
    LINES,
    MEMBERS,
    NAMES,
    RESERVED,
    Function,
    Signature,
    add,
    extended,
    function_written,
    lifted,
    row_of,
    word_of,
)

__all__ = (
    "FUNCTIONS", "LINES", "MATRIX_POWER", "MEMBERS", "NAMES", "RESERVED", "Function", "Signature", "extended", "function_written", "lifted",
    "row_of", "word_of",
)  # fmt: skip


def _each(name: str, rule: str, **more: Any) -> Function:
    return Function(name, "each", "", rule, **more)


def _func(name: str, pattern: str, rule: str, **more: Any) -> Function:
    return Function(name, "func", pattern, rule, **more)


def _matrix(name: str, rule: str, pattern: str = "n n -> n n", **more: Any) -> Function:
    return Function(name, "matrix", pattern, rule, transposition="equivariant", **more)


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

for _row in _ROWS:
    add(_row)
