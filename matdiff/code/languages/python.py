"""What NumPy and JAX have in common, and the sentences of Python for every format that is written in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from keyword import kwlist

from matdiff.code.language import SAME, WORD, Language, block_rows, infix
from matdiff.code.plan import Node
from matdiff.code.spelling import TERM, Entry, Spelling

KEYWORDS = frozenset((*kwlist, "f"))


class Python(Language):
    """`imports` are lines of imports with the text that shows they are needed, `always` needed by every module."""

    always: tuple[str, ...] = ()
    imports: Sequence[tuple[str, str]] = ()
    definition = 'def {name}({parameters}):\n    """{documentation}"""\n{body}'
    extents = "{}", "({})"

    def module(self, body: Sequence[str], helpers: Sequence[str]) -> str:
        text = "\n\n\n".join([*helpers, *body])
        lines = [line for line, mark in self.imports if mark in text]
        standard = [line for line in lines if line in ("import math", "import itertools")]
        others = sorted([*self.always, *(line for line in lines if line not in standard)])
        return "\n\n\n".join(["\n\n".join("\n".join(group) for group in (standard, others) if group), text])

    def letters(self, node: Node) -> str:
        """The axes of operands and result for einsum: `ab,bc->ac`."""
        inputs, output = node.data
        return f"{','.join(inputs)}->{output}"

    def blocks(self, node: Node) -> str:
        """Blocks as a list of lists."""
        return "[" + ", ".join(f"[{row}]" for row in block_rows(node)) + "]"


# The operations in a library NP that follows NumPy; LINALG is SciPy's linear algebra there.
OPERATIONS: Mapping[str, Entry] = {
    "pi": "NP.pi",
    "spread_columns": "{0}[:, None]",
    "spread_rows": SAME,
    "column": "{0}[:, None]",
    "row": "{0}[None, :]",
    "product": infix("{0} @ {1}"),
    "outer": "NP.outer({0}, {1})",
    "inner": "NP.vdot({0}, {1})",
    "transpose": "{0}.T",
    "trace": "NP.trace({0})",
    "diagonal": "NP.diag({0})",
    "diagonal_matrix": "NP.diag({0})",
    "total": "NP.sum({0})",
    "sum_axis": "NP.sum({0}, axis=DATA)",
    "largest": "NP.maximum({0}, {1})",
    "row_max": "NP.max({0}, axis=-1)",
    "matrix_power": "NP.linalg.matrix_power({0}, DATA)",
    "eye": "NP.eye({0})",
    "ones": "NP.ones(SIZES)",
    "zeros": "NP.zeros(SIZES)",
    # A whole number would give an array of whole numbers.
    "full": "NP.full(SIZES, {0}, dtype=float)",
    "tile_columns": "NP.tile({0}[:, None], (1, {2}))",
    "tile_rows": "NP.tile({0}, ({1}, 1))",
    "at": "{0}[PLACES]",
    "unit": "NP.eye({1})[{0}]",
    "kron": "NP.kron({0}, {1})",
    "vec": "{0}.T.ravel()",
    "unvec": "{0}.reshape({2}, {1}).T",
    "block": "NP.block(BLOCKS)",
    # Blocks that are all whole numbers would make an array of whole numbers.
    "single": lambda node: (
        f"{node.parts[0].data}.0" if node.parts[0].op == "number" and isinstance(node.parts[0].data, int) else "{0}"
    ),
    "flat": "{0}.ravel()",
    "inverse": "NP.linalg.inv({0})",
    "solve": "NP.linalg.solve({0}, {1})",
    "cholesky": "LINALG.cho_factor({0})",
    "cholesky_solve": "LINALG.cho_solve({0}, {1})",
    "cholesky_half_logdet": "NP.sum(NP.log(NP.diag({0}[0])))",
    "cholesky_inverse": "LINALG.cho_solve({0}, NP.eye({1}))",
    "lu": "LINALG.lu_factor({0})",
    "lu_solve": "LINALG.lu_solve({0}, {1})",
    "lu_solve_transposed": "LINALG.lu_solve({0}, {1}, trans=1)",
    "lu_logdet": "NP.sum(NP.log(NP.abs(NP.diag({0}[0]))))",
    "lu_inverse": "LINALG.lu_solve({0}, NP.eye({1}))",
    "commutation": "NP.eye({2}).reshape({1}, {0}, {2}).swapaxes(0, 1).reshape({2}, {2})",
    "pairing": "NP.eye({0}).reshape({0}, {1}, {2})",
}


def _logsigmoid(node: Node) -> Spelling:
    """-log(1 + exp(-x)); of a negated argument, the argument."""
    inner = node.parts[0]
    if inner.op == "neg":
        return Spelling("-NP.logaddexp(0, {0})", TERM, parts=inner.parts)
    return Spelling("-NP.logaddexp(0, -{0})", TERM)


FUNCTIONS: Mapping[str, Entry] = {
    **{
        name: f"NP.{name}({{0}})"
        for name in "exp log log1p expm1 abs sign sin cos tan sinh cosh tanh sqrt cumsum tril triu".split()
    },
    **{f"a{name}": f"NP.arc{name}({{0}})" for name in ("sin", "cos", "tan")},
    "cumsum rows": "NP.cumsum({0}, axis=-1)",
    "step": "NP.heaviside({0}, 0.0)",
    "relu": "NP.maximum({0}, 0)",
    "softplus": "NP.logaddexp(0, {0})",
    "logsigmoid": _logsigmoid,
    "det": "NP.linalg.det({0})",
    "logdet": "NP.linalg.slogdet({0})[1]",
    "pinv": "NP.linalg.pinv({0}, 1e-12)",
    "eigmax": "NP.linalg.eigvalsh({0})[-1]",
    "eigmin": "NP.linalg.eigvalsh({0})[0]",
    "prod": "NP.prod({0})",
    "max": "NP.max({0})",
    "min": "NP.min({0})",
    "norm": "NP.linalg.norm({0})",
    "norm2": "NP.linalg.norm({0}, 2)",
    "norm1": "NP.sum(NP.abs({0}))",
    "maxnorm": "NP.max(NP.abs({0}))",
    "nucnorm": "NP.linalg.norm({0}, 'nuc')",
    "mean": "NP.mean({0})",
}
# Functions that no library has, or not for every matrix: `helpers` of each format.
HELPED = {
    "logm": "_logm({0})",
    "sqrtm": "_sqrtm({0})",
    "powm": "_powm({0}, {1})",
    "adj": "_adj({0})",
    "eigmaxproj": "_eigproj({0}, -1)",
    "eigminproj": "_eigproj({0}, 0)",
    "argmax": "_argmax({0})",
    "argmax rows": "_argmax_rows({0})",
}


# Helpers that differ by names alone: EYE is the identity matrix and ZEROS that of zeros of the size of x, BLOCK makes one of blocks.
_HELPERS = {
    "_logm": '''def _logm(x):
    """The principal logarithm: 2^8 times that of the 256th root r, which is the series of 2 artanh((r - 1) / (r + 1))."""
    eye = EYE
    for _ in range(8):
        x = _sqrtm(x)
    z = NP.linalg.solve(x + eye, x - eye)
    total = power = z
    for k in range(3, 21, 2):
        power = power @ z @ z
        total = total + power / k
    return 2**9 * total''',
    "_powm": '''def _powm(x, exponent):
    """The principal power."""
    return EXPM(exponent * _logm(x))''',
    "_d2adj": '''def _d2adj(x, e, f):
    """The second derivative of the adjugate at x in the directions e and f: that of Faddeev and LeVerrier's recurrence."""
    eye = EYE
    m, me, mf, mef = eye, 0 * eye, 0 * eye, 0 * eye
    for k in range(1, len(x)):
        products = x @ m, e @ m + x @ me, f @ m + x @ mf, e @ mf + f @ me + x @ mef
        m, me, mf, mef = (p - NP.trace(p) / k * eye for p in products)
    return (-1) ** (len(x) - 1) * mef''',
    "_eigproj": '''def _eigproj(x, place):
    """v v^T for the eigenvector v of the symmetric matrix x, its eigenvalues in ascending order."""
    v = NP.linalg.eigh(x)[1][:, place]
    return NP.outer(v, v)''',
    "_frechet": '''def _frechet(f, x, e):
    """The derivative of the matrix function f at x in the direction e (Higham 2008, eq. 3.16)."""
    n = len(x)
    return f(BLOCK([[x, e], [ZEROS, x]]))[:n, n:]''',
    "_frechet2": '''def _frechet2(f, x, e, g):
    """The second derivative of the matrix function f at x in the directions e and g (Higham and Relton 2014, theorem 3.5)."""
    n = len(x)
    o = ZEROS
    return f(BLOCK([[x, e, g, o], [o, x, o, g], [o, o, x, e], [o, o, o, x]]))[:n, 3 * n :]''',
}


def helpers(names: str, library: Mapping[str, str]) -> Mapping[str, str]:
    """These of the shared helpers, with the names of the library."""
    return {name: WORD.sub(lambda word: library[word[0]], _HELPERS[name]) for name in names.split()}
