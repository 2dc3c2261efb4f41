"""Julia: vectors are vectors, elementwise operations have dots, identities and diagonal matrices are never full."""

from __future__ import annotations

import re
from collections.abc import Sequence

from matdiff.code.language import Language, helpers_of, infix
from matdiff.code.languages.dotted import OPERATIONS, product
from matdiff.code.plan import Node
from matdiff.code.spelling import TERM, Entry, Spelling

_KEYWORDS = (
    "abstract baremodule begin break catch const continue do else elseif end export false finally for function global if import in "
    "isa let local macro module mutable outer primitive quote return struct true try type using where while"
)
_USED = (
    "Diagonal I LinearAlgebra Matrix SpecialFunctions Symmetric acos adj asin atan cholesky cos cosh cumsum det diag div dot dropdims "
    "erf exp expm1 f fill float hvcat inv kron length log log1p logabsdet lu max maximum minimum norm ones permutedims pi pinv prod "
    "repeat reshape sign sin sinh size sortperm sqrt sum svd svdvals tan tanh tr tril triu unique vec zeros abs argmax "
    "real eigen eigmax eigmin findfirst logdet opnorm zero"
)


def _each(function: str) -> Entry:
    """An elementwise function: with a dot where its argument is an array."""

    return lambda node: f"{function}.({{0}})" if node.parts[0].shape else f"{function}({{0}})"


class Julia(Language):
    """The standard library alone, but for erf."""

    reserved = frozenset((*_KEYWORDS.split(), *_USED.split()))
    traits = ("broadcast", "cholesky", "lu", "syrk")
    first = 1
    axes = "length({0})", "size({0}, {1})"
    quotient = "div({}, {})"
    definition = '"{documentation}"\nfunction {name}({parameters})\n{body}\nend'
    operations = {
        **OPERATIONS,
        "column": "reshape({0}, :, 1)",
        "product": product(Spelling("dot({0}, {1})"), infix("{1}' * {0}")),
        "inner": "dot({0}, {1})",
        "trace": "tr({0})",
        "diagonal_matrix": "Diagonal({0})",
        "total": "sum({0})",
        "sum_axis": lambda node: f"vec(sum({{0}}, dims={1 + node.data}))",
        "largest": lambda node: "max.({0}, {1})" if node.shape else "max({0}, {1})",
        "row_max": "vec(maximum({0}, dims=2))",
        "eye": "I({0})",
        "full": "fill(float({0}), SIZES)",
        "tile_columns": "repeat({0}, 1, {2})",
        "tile_rows": "repeat({0}', {1}, 1)",
        "at": "{0}[PLACES]",
        "unit": "I({1})[:, {0}]",
        "vec": "vec({0})",
        "block": "hvcat((WIDTHS,), PARTS)",
        "flat": "vec({0})",
        "cholesky": "cholesky(Symmetric({0}))",
        "cholesky_solve": infix("{0} \\ {1}"),
        "cholesky_half_logdet": "sum(log.(diag({0}.U)))",
        "cholesky_inverse": "inv({0})",
        "lu": "lu({0})",
        "lu_solve": infix("{0} \\ {1}"),
        "lu_solve_transposed": infix("{0}' \\ {1}"),
        "lu_logdet": "logabsdet({0})[1]",
        "lu_inverse": "inv({0})",
        "commutation": "reshape(permutedims(reshape(Matrix(1.0I, {2}, {2}), {0}, {1}, {2}), (2, 1, 3)), {2}, {2})",
        "pairing": "permutedims(reshape(Matrix(1.0I, {0}, {0}), {0}, {2}, {1}), (1, 3, 2))",
        "einsum": "_einsum(LETTERS, PARTS)",
    }
    lambda_ = "(ARGUMENTS) -> BODY"
    functions = {
        **{
            name: _each(name)
            for name in "exp log log1p expm1 abs sign sin cos tan asin acos atan sinh cosh tanh sqrt erf".split()
        },
        **{name: _each(f"_{name}") for name in "sigmoid softplus logsigmoid relu step gelu".split()},
        "softmax": "_softmax({0})",
        "logsumexp": "_logsumexp({0})",
        "cumsum": "cumsum({0})",
        "softmax rows": "_softmax_rows({0})",
        "logsumexp rows": "_logsumexp_rows({0})",
        "argmax rows": "_argmax_rows({0})",
        "cumsum rows": "cumsum({0}, dims=2)",
        "tril": "tril({0})",
        "triu": "triu({0})",
        "det": "det({0})",
        "logdet": "logabsdet({0})[1]",
        "pinv": "pinv({0}, rtol=1e-12)",
        "eigmax": "eigmax(Symmetric({0}))",
        "eigmin": "eigmin(Symmetric({0}))",
        "eigmaxproj": "_eigproj({0}, size({0}, 1))",
        "eigminproj": "_eigproj({0}, 1)",
        "prod": "prod({0})",
        "max": "maximum({0})",
        "min": "minimum({0})",
        "norm": "norm({0})",
        "norm2": "opnorm({0})",
        "norm1": "sum(abs, {0})",
        "maxnorm": "maximum(abs, {0})",
        "nucnorm": "sum(svdvals({0}))",
        "mean": Spelling("sum({0}) / length({0})", TERM),
        "expm": "exp({0})",
        "logm": "_logm({0})",
        "sqrtm": "_sqrtm({0})",
        "powm": "_powm({0}, {1})",
        "adj": "_adj({0})",
        "argmax": "_argmax({0})",
    }
    helpers = helpers_of("helpers.jl")

    def dot(self, node: Node) -> str:
        """Terms of different shapes need dots."""
        spreads = any(part.op in ("spread_columns", "spread_rows") for part in node.parts)
        return "." if spreads or len({len(part.shape) for part in node.parts}) > 1 else ""

    def letters(self, node: Node) -> str:
        """The axes of operands and result for `_einsum`."""
        inputs, output = node.data
        names = ", ".join(f'"{names}"' for names in inputs)
        return f'[{names}], "{output}"'

    def widths(self, node: Node) -> str:
        """The number of blocks of each row."""
        return ", ".join([str(node.data)] * (len(node.parts) // node.data))

    def module(self, body: Sequence[str], helpers: Sequence[str]) -> str:
        text = "\n\n".join([*helpers, *body])
        imports = "using LinearAlgebra" + ("\nusing SpecialFunctions: erf" if re.search(r"\berf\b", text) else "")
        return f"{imports}\n\n{text}"
