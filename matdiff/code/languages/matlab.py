"""MATLAB, in the part of the language that Octave shares.  Vectors are columns."""

from __future__ import annotations

from collections.abc import Sequence

from matdiff.code.language import SAME, Language, block_rows, helpers_of, infix
from matdiff.code.languages.dotted import OPERATIONS, product
from matdiff.code.plan import Node
from matdiff.code.spelling import SUM, TERM, Entry, Spelling

_KEYWORDS = (
    "break case catch classdef continue else elseif end for function global if otherwise parfor persistent return spmd switch try "
    "while do until unwind_protect endfunction endif endfor endwhile"
)
_USED = (
    "abs acos adj asin atan chol cos cosh cumsum derivatives det diag double erf exp expm expm1 eye f find inv kron log log1p logm lu "
    "max mean min norm numel ones permute pi pinv prod repmat reshape sign sin sinh size sort sqrt sqrtm struct sum svd tan tanh trace "
    "tril triu unique zeros varargin arrayfun eig setdiff"
)


def _whole(function: str, inside: str = "{0}") -> Entry:
    """A function that works along one axis, applied to all axes."""
    return lambda node: f"{function}({function}({inside}))" if len(node.parts[0].shape) > 1 else f"{function}({inside})"


def _at(node: Node) -> Spelling:
    """Rows come out as columns, as every vector does.  Only names can be indexed."""
    return Spelling("{0}(PLACES)" + ("'" if node.data == ("place", ":") else ""), named=(0,))


def _is_diagonal(node: Node) -> bool:
    """Whether a matrix is made of identities and diagonal matrices alone."""
    arrays = [part for part in node.parts if len(part.shape) == 2]
    made = ("times", "over", "neg", "add", "product", "transpose", "inverse", "matrix_power")
    return node.op in ("eye", "diagonal_matrix") or (node.op in made and bool(arrays) and all(map(_is_diagonal, arrays)))


class Matlab(Language):
    """One file whose first function hands out the others."""

    reserved = frozenset((*_KEYWORDS.split(), *_USED.split()))
    results = ("value", "derivative", "result")
    traits = ("broadcast", "cholesky", "syrk")
    first = 1
    axes = "numel({0})", "size({0}, {1})"
    quotient = "{} / {}"
    own = "{}_"  # no name may start with an underscore
    handle = "@{}"
    row = "{}'"
    extents = "{}, 1", "{}"
    operations = {
        **OPERATIONS,
        "column": SAME,
        "row_result": "{0}'",
        "product": product(infix("{0}' * {1}"), infix("{1}' * {0}")),
        "inner": "sum(sum({0} .* {1}))",
        "trace": "trace({0})",
        "diagonal_matrix": "diag({0})",
        "total": _whole("sum"),
        "sum_axis": lambda node: "sum({0}, 2)" if node.data else "sum({0}, 1)'",
        "largest": "max({0}, {1})",
        "row_max": "max({0}, [], 2)",
        "eye": "eye({0})",
        "full": Spelling("{0} * ones(SIZES)", TERM, (TERM,)),
        "tile_columns": "repmat({0}, 1, {2})",
        "tile_rows": "repmat({0}', {1}, 1)",
        "at": _at,
        "unit": Spelling("double((1:{1})' == {0})", needs=(TERM, TERM)),
        "vec": "reshape({0}, [], 1)",
        "block": "[BLOCKS]",
        "flat": "reshape({0}, [], 1)",
        "cholesky": "chol({0})",
        "cholesky_solve": infix("{0} \\ ({0}' \\ {1})"),
        "cholesky_half_logdet": "sum(log(diag({0})))",
        "cholesky_inverse": infix("{0} \\ ({0}' \\ eye({1}))"),
        "commutation": "reshape(permute(reshape(eye({2}), [{0}, {1}, {2}]), [2, 1, 3]), [{2}, {2}])",
        "pairing": "permute(reshape(eye({0}), [{0}, {2}, {1}]), [1, 3, 2])",
        "einsum": "einsum_(LETTERS, PARTS)",
    }
    lambda_ = "@(ARGUMENTS) BODY"
    functions = {
        **{
            name: f"{name}({{0}})"
            for name in (
                "exp log log1p expm1 abs sign sin cos tan asin acos atan sinh cosh tanh sqrt erf cumsum tril triu det expm"
            ).split()
        },
        "step": "double({0} > 0)",
        "relu": "max({0}, 0)",
        "sigmoid": Spelling("1 ./ (1 + exp(-{0}))", TERM),
        "softplus": "softplus_({0})",
        "logsigmoid": Spelling("-softplus_(-{0})", TERM),
        "gelu": "gelu_({0})",
        "softmax": "softmax_({0})",
        "logsumexp": "logsumexp_({0})",
        "softmax rows": "softmax_rows_({0})",
        "logsumexp rows": "logsumexp_rows_({0})",
        "argmax rows": "argmax_rows_({0})",
        "cumsum rows": "cumsum({0}, 2)",
        "logdet": "logdet_({0})",
        "pinv": "pinv_({0})",
        "eigmax": "max(eig(({0} + {0}') / 2))",
        "eigmin": "min(eig(({0} + {0}') / 2))",
        "eigmaxproj": "eigproj_({0}, 'descend')",
        "eigminproj": "eigproj_({0}, 'ascend')",
        "prod": _whole("prod"),
        "max": _whole("max"),
        "min": _whole("min"),
        "norm": lambda node: "norm({0}, 'fro')" if len(node.parts[0].shape) > 1 else "norm({0})",
        "norm2": "norm({0})",
        "norm1": _whole("sum", "abs({0})"),
        "maxnorm": _whole("max", "abs({0})"),
        "nucnorm": "sum(svd({0}))",
        "mean": _whole("mean"),
        "logm": "logm_({0})",
        "sqrtm": "sqrtm_({0})",
        "powm": "powm_({0}, {1})",
        "adj": "adj_({0})",
        "argmax": "argmax_({0})",
    }
    helpers = helpers_of("helpers.m")

    def letters(self, node: Node) -> str:
        """The axes of operands and result for `einsum_`."""
        inputs, output = node.data
        names = ", ".join(f"'{names}'" for names in inputs)
        return f"{{{{{names}}}}}, '{output}'"

    def blocks(self, node: Node) -> str:
        """Blocks row by row."""
        return "; ".join(block_rows(node))

    def add(self, node: Node) -> Spelling:
        """Octave keeps diagonal matrices as such, and spreads no vector over them."""
        spelled = super().add(node)
        if not any(part.shape and any(dim.is_one for dim in part.shape) for part in node.parts):
            return spelled
        template, needs = spelled.template, list(spelled.needs or ())
        for place, part in enumerate(node.parts):
            if _is_diagonal(part):
                template, needs[place] = template.replace(f"{{{place}}}", f"full({{{place}}})"), SUM
        return Spelling(template, spelled.level, tuple(needs))

    def module(self, body: Sequence[str], helpers: Sequence[str]) -> str:
        names = [text.partition("(")[0].split()[-1] for text in body]
        handles = ", ".join(f"'{name}', @{name}" for name in names)
        first = f"""function functions = derivatives()
% functions = derivatives() has one field per function: functions.{names[1] if len(names) > 1 else names[0]}(...).
  functions = struct({handles});
end"""
        return "\n\n".join([first, *body, *helpers])

    def assignment(self, left: str, right: str) -> str:
        return f"{left} = {right};"

    def function(
        self, name: str, parameters: Sequence[str], documentation: str, lines: Sequence[tuple[str, str]], returned: Sequence[str]
    ) -> str:
        outputs = list(self.results[:2]) if len(returned) > 1 else [self.results[2]]
        left = outputs[0] if len(outputs) == 1 else f"[{', '.join(outputs)}]"
        body = [f"  {self.assignment(*line)}" for line in (*lines, *zip(outputs, returned, strict=True))]
        return "\n".join([f"function {left} = {name}({', '.join(parameters)})", f"% {documentation}", *body, "end"])
