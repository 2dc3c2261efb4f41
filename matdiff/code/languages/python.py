"""What NumPy and JAX have in common, and the sentences of Python for every format that is written in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from keyword import kwlist

from matdiff.code.language import Language, infix
from matdiff.code.plan import Node
from matdiff.code.spelling import ATOM, SUM, TERM, Entry, Spelling

KEYWORDS = frozenset((*kwlist, "f"))


class Python(Language):
    """`imports` are lines of imports with the text that shows they are needed, `always` needed by every module."""

    always: tuple[str, ...] = ()
    imports: Sequence[tuple[str, str]] = ()

    def module(self, body: Sequence[str], helpers: Sequence[str]) -> str:
        text = "\n\n\n".join([*helpers, *body])
        lines = [line for line, mark in self.imports if mark in text]
        standard = [line for line in lines if line in ("import math", "import itertools")]
        others = sorted([*self.always, *(line for line in lines if line not in standard)])
        return "\n\n\n".join(["\n\n".join("\n".join(group) for group in (standard, others) if group), text])

    def function(
        self, name: str, parameters: Sequence[str], documentation: str, lines: Sequence[tuple[str, str]], returned: Sequence[str]
    ) -> str:
        body = [f"    {left} = {right}" for left, right in lines]
        head = [f"def {name}({', '.join(parameters)}):", f'    """{documentation}"""']
        return "\n".join([*head, *body, f"    return {', '.join(returned)}"])


def dimensions(template: str) -> Callable[[Node], Spelling]:
    """A constructor whose sizes are the last parts of the node: `np.ones(n)`, `np.ones((m, n))`."""

    def spell(node: Node) -> Spelling:
        count = len(node.shape)
        first = len(node.parts) - count
        marks = ", ".join(f"{{{place}}}" for place in range(first, len(node.parts)))
        sizes = f"({marks})" if count > 1 else marks
        needs = tuple([SUM] * len(node.parts))
        return Spelling(template.replace("SIZES", sizes), needs=needs)

    return spell


def block(template: str) -> Callable[[Node], Spelling]:
    """Blocks as lists of lists."""

    def spell(node: Node) -> Spelling:
        width = node.data
        assert isinstance(width, int)
        marks = [f"{{{place}}}" for place in range(len(node.parts))]
        rows = [", ".join(marks[start : start + width]) for start in range(0, len(marks), width)]
        inside = "[" + ", ".join(f"[{row}]" for row in rows) + "]"
        return Spelling(template.replace("BLOCKS", inside), needs=tuple([SUM] * len(marks)))

    return spell


def at(node: Node) -> Spelling:
    """`X[i, :]` by numbers from 0."""
    return Spelling(f"{{0}}[{places(node)}]", needs=(ATOM, *[SUM] * (len(node.parts) - 1)))


def places(node: Node) -> str:
    """The inside of the brackets of `at`."""
    assert isinstance(node.data, tuple)
    marks = iter(range(1, len(node.parts)))
    return ", ".join(":" if place == ":" else f"{{{next(marks)}}}" for place in node.data)


def einsum(function: str, more: str = "") -> Callable[[Node], Spelling]:
    """A call of einsum; `more` where there are more than two operands."""

    def spell(node: Node) -> Spelling:
        assert isinstance(node.data, tuple)
        inputs, output = node.data
        marks = ", ".join(f"{{{place}}}" for place in range(len(node.parts)))
        last = more if len(node.parts) > 2 else ""
        return Spelling(f'{function}("{",".join(inputs)}->{output}", {marks}{last})', needs=tuple([SUM] * len(node.parts)))

    return spell


def operations(np: str, linalg: str) -> Mapping[str, Entry]:
    """The operations in a library that follows NumPy: `np` is its name, `linalg` that of SciPy's linear algebra."""
    return {
        "pi": f"{np}.pi",
        "spread_columns": "{0}[:, None]",
        "spread_rows": Spelling("{0}", needs=(SUM,)),
        "column": "{0}[:, None]",
        "row": "{0}[None, :]",
        "product": infix("{0} @ {1}"),
        "outer": f"{np}.outer({{0}}, {{1}})",
        "inner": f"{np}.vdot({{0}}, {{1}})",
        "transpose": "{0}.T",
        "trace": f"{np}.trace({{0}})",
        "diagonal": f"{np}.diag({{0}})",
        "diagonal_matrix": f"{np}.diag({{0}})",
        "total": f"{np}.sum({{0}})",
        "sum_axis": lambda node: Spelling(f"{np}.sum({{0}}, axis={node.data})"),
        "largest": f"{np}.maximum({{0}}, {{1}})",
        "row_max": f"{np}.max({{0}}, axis=1)",
        "matrix_power": lambda node: Spelling(f"{np}.linalg.matrix_power({{0}}, {node.data})"),
        "eye": f"{np}.eye({{0}})",
        "ones": dimensions(f"{np}.ones(SIZES)"),
        "zeros": dimensions(f"{np}.zeros(SIZES)"),
        # A whole number would give an array of whole numbers.
        "full": dimensions(f"{np}.full(SIZES, {{0}}, dtype=float)"),
        "tile_columns": f"{np}.tile({{0}}[:, None], (1, {{2}}))",
        "tile_rows": f"{np}.tile({{0}}, ({{1}}, 1))",
        "at": at,
        "unit": Spelling(f"{np}.eye({{1}})[{{0}}]", needs=(SUM, SUM)),
        "kron": f"{np}.kron({{0}}, {{1}})",
        "vec": "{0}.T.ravel()",
        "unvec": "{0}.reshape({2}, {1}).T",
        "block": block(f"{np}.block(BLOCKS)"),
        # Blocks that are all whole numbers would make an array of whole numbers.
        "single": lambda node: Spelling(
            "{0}.0" if node.parts[0].op == "number" and isinstance(node.parts[0].data, int) else "{0}"
        ),
        "flat": "{0}.ravel()",
        "inverse": f"{np}.linalg.inv({{0}})",
        "solve": f"{np}.linalg.solve({{0}}, {{1}})",
        "cholesky": f"{linalg}.cho_factor({{0}})",
        "cholesky_solve": f"{linalg}.cho_solve({{0}}, {{1}})",
        "cholesky_half_logdet": f"{np}.sum({np}.log({np}.diag({{0}}[0])))",
        "cholesky_inverse": f"{linalg}.cho_solve({{0}}, {np}.eye({{1}}))",
        "lu": f"{linalg}.lu_factor({{0}})",
        "lu_solve": f"{linalg}.lu_solve({{0}}, {{1}})",
        "lu_solve_transposed": f"{linalg}.lu_solve({{0}}, {{1}}, trans=1)",
        "lu_logdet": f"{np}.sum({np}.log({np}.abs({np}.diag({{0}}[0]))))",
        "lu_inverse": f"{linalg}.lu_solve({{0}}, {np}.eye({{1}}))",
        "commutation": f"{np}.eye({{2}}).reshape({{1}}, {{0}}, {{2}}).swapaxes(0, 1).reshape({{2}}, {{2}})",
        "pairing": f"{np}.eye({{0}}).reshape({{0}}, {{1}}, {{2}})",
    }


def _logsigmoid(np: str, node: Node) -> Spelling:
    """-log(1 + exp(-x)); of a negated argument, the argument."""
    inner = node.parts[0]
    if inner.op == "neg":
        return Spelling(f"-{np}.logaddexp(0, {{0}})", TERM, parts=inner.parts)
    return Spelling(f"-{np}.logaddexp(0, -{{0}})", TERM)


def functions(np: str) -> Mapping[str, Entry]:
    """The functions in a library that follows NumPy."""
    same = "exp log log1p expm1 abs sign sin cos tan sinh cosh tanh sqrt cumsum tril triu".split()
    inverse = {f"a{name}": f"{np}.arc{name}({{0}})" for name in ("sin", "cos", "tan")}
    return {
        **{name: f"{np}.{name}({{0}})" for name in same},
        **inverse,
        "step": f"{np}.heaviside({{0}}, 0.0)",
        "relu": f"{np}.maximum({{0}}, 0)",
        "softplus": f"{np}.logaddexp(0, {{0}})",
        "logsigmoid": lambda node: _logsigmoid(np, node),
        "det": f"{np}.linalg.det({{0}})",
        "logdet": f"{np}.linalg.slogdet({{0}})[1]",
        "pinv": f"{np}.linalg.pinv({{0}}, 1e-12)",
        "eigmax": f"{np}.linalg.eigvalsh({{0}})[-1]",
        "eigmin": f"{np}.linalg.eigvalsh({{0}})[0]",
        "max": f"{np}.max({{0}})",
        "min": f"{np}.min({{0}})",
        "norm": f"{np}.linalg.norm({{0}})",
        "norm2": f"{np}.linalg.norm({{0}}, 2)",
        "norm1": f"{np}.sum({np}.abs({{0}}))",
        "maxnorm": f"{np}.max({np}.abs({{0}}))",
        "nucnorm": f"{np}.linalg.norm({{0}}, 'nuc')",
        "mean": f"{np}.mean({{0}})",
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
}


def matrix_functions(expm: str) -> Mapping[str, str]:
    """What functions of matrices are called, to be handed to the helpers that differentiate them."""
    return {"expm": expm, "logm": "_logm", "sqrtm": "_sqrtm", "powm": "_powm"}


def eigenprojector(np: str) -> Mapping[str, str]:
    """The helper `_eigproj` in a library that follows NumPy."""
    return {
        "_eigproj": f'''def _eigproj(x, place):
    """v v^T for the eigenvector v of the symmetric matrix x, its eigenvalues in ascending order."""
    v = {np}.linalg.eigh(x)[1][:, place]
    return {np}.outer(v, v)'''
    }


def logarithm(np: str, eye: str) -> Mapping[str, str]:
    """The helper `_logm` by `_sqrtm`; `eye` is the identity matrix of the size of x."""
    return {
        "_logm": f'''def _logm(x):
    """The principal logarithm: 2^8 times that of the 256th root r, which is the series of 2 artanh((r - 1) / (r + 1))."""
    eye = {eye}
    for _ in range(8):
        x = _sqrtm(x)
    z = {np}.linalg.solve(x + eye, x - eye)
    total = power = z
    for k in range(3, 21, 2):
        power = power @ z @ z
        total = total + power / k
    return 2**9 * total'''
    }


def frechet(block: str, zeros: str) -> Mapping[str, str]:
    """The helpers `_frechet` and `_frechet2`; `block` makes a matrix of blocks, `zeros` is one as large as x."""
    return {
        "_frechet": f'''def _frechet(f, x, e):
    """The derivative of the matrix function f at x in the direction e (Higham 2008, eq. 3.16)."""
    n = len(x)
    return f({block}([[x, e], [{zeros}, x]]))[:n, n:]''',
        "_frechet2": f'''def _frechet2(f, x, e, g):
    """The second derivative of the matrix function f at x in the directions e and g (Higham and Relton 2014, theorem 3.5)."""
    n = len(x)
    o = {zeros}
    return f({block}([[x, e, g, o], [o, x, o, g], [o, o, x, e], [o, o, o, x]]))[:n, 3 * n :]''',
    }
