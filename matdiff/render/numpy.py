"""NumPy: one module with `f`, a function per result, and one that returns both and shares their intermediate values."""

from __future__ import annotations

from collections.abc import Iterator
from keyword import iskeyword
from typing import TYPE_CHECKING

from matdiff.dims import Dim
from matdiff.formula import shape_of
from matdiff.render.code import Code, statements
from matdiff.render.options import Options
from matdiff.render.text import text
from matdiff.render.translate import Translator

if TYPE_CHECKING:
    from matdiff.infer import Typed
    from matdiff.pipeline import Derivative, Result

# Names that a module uses itself.
_TAKEN = frozenset(("np", "scipy", "math", "f"))

_HELPERS = {
    "_sigmoid": '''def _sigmoid(x):
    """1 / (1 + exp(-x)), without overflow."""
    return np.exp(-np.logaddexp(0, -x))''',
    "_softmax": '''def _softmax(x):
    """exp(x) / sum(exp(x)), without overflow."""
    e = np.exp(x - np.max(x))
    return e / e.sum()''',
    "_logsumexp": '''def _logsumexp(x):
    """log(sum(exp(x))), without overflow."""
    largest = np.max(x)
    return largest + np.log(np.exp(x - largest).sum())''',
    "_erf": """_erf = np.vectorize(math.erf, otypes=[float])""",
    "_argmax": '''def _argmax(x):
    """1 at the first largest entry, else 0."""
    found = np.zeros_like(x, dtype=float)
    found.flat[np.argmax(x)] = 1
    return found''',
    "_adj": '''def _adj(x):
    """The adjugate, from the singular values, so that x may be singular."""
    u, s, vt = np.linalg.svd(x)
    others = [np.prod(np.delete(s, i)) for i in range(len(s))]
    return np.linalg.det(u) * np.linalg.det(vt) * (vt.T * others) @ u.T''',
    "_dadj": '''def _dadj(x, e):
    """The derivative of the adjugate at x in the direction e, for singular x too."""
    u, s, vt = np.linalg.svd(x)
    n = len(s)
    others = np.array([[np.prod(np.delete(s, [i, j])) for j in range(n)] for i in range(n)])
    np.fill_diagonal(others, 0)
    inner = u.T @ e @ vt.T
    turned = np.diag(others @ np.diag(inner)) - others * inner
    return np.linalg.det(u) * np.linalg.det(vt) * vt.T @ turned @ u.T''',
    "_d2adj": '''def _d2adj(x, e, f):
    """The second derivative of the adjugate at x in the directions e and f: that of every minor of x."""
    n = len(x)
    bent = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            x1, e1, f1 = (np.delete(np.delete(a, i, 0), j, 1) for a in (x, e, f))
            bent[j, i] = (-1) ** (i + j) * np.sum(_dadj(x1, f1).T * e1)
    return bent''',
    "_eigproj": '''def _eigproj(x, place):
    """v v^T for the eigenvector v of the symmetric matrix x, its eigenvalues in ascending order."""
    v = np.linalg.eigh(x)[1][:, place]
    return np.outer(v, v)''',
    "_real": '''def _real(x):
    """The real part; complex numbers come from rounding only."""
    return np.asarray(x).real''',
    "_frechet": '''def _frechet(f, x, e):
    """The derivative of the matrix function f at x in the direction e (Higham 2008, eq. 3.16)."""
    n = len(x)
    return f(np.block([[x, e], [np.zeros((n, n)), x]])).real[:n, n:]''',
    "_frechet2": '''def _frechet2(f, x, e, g):
    """The second derivative of the matrix function f at x in the directions e and g (Higham and Relton 2014, theorem 3.5)."""
    n = len(x)
    o = np.zeros((n, n))
    return f(np.block([[x, e, g, o], [o, x, o, g], [o, o, x, e], [o, o, o, x]])).real[:n, 3 * n :]''',
    "_slope": '''def _slope(d, n):
    """d(e) for every unit matrix e of size n as direction, with its two axes last."""
    slope = np.zeros((n, n, n, n))
    for k in range(n):
        for l in range(n):
            e = np.zeros((n, n))
            e[k, l] = 1
            slope[:, :, k, l] = d(e)
    return slope''',
    "_slope2": '''def _slope2(d, n):
    """d(e, g) for all unit matrices e and g of size n as directions, with their axes last."""
    e = np.eye(n * n).reshape(n * n, n, n)
    slope = np.array([[d(e[k], e[l]) for l in range(n * n)] for k in range(n * n)])
    return np.moveaxis(slope.reshape(n, n, n, n, n, n), (4, 5), (0, 1))''',
}


def numpy(answer: Derivative, options: Options) -> str:
    """The module.  Vectors are one-dimensional arrays; axes of a result: those of the output, then each variable's."""
    functions = _Module(answer).functions()
    body = "\n\n\n".join(functions)
    helpers: list[str] = []
    for name, code in reversed(_HELPERS.items()):  # one stands before those that use it
        if f"{name}(" in "\n".join([body, *helpers]):
            helpers.insert(0, code)
    imports = ["import numpy as np"]
    if "scipy.linalg" in body:
        imports.append("import scipy.linalg")
    if "_erf(" in body:
        imports.insert(0, "import math\n")
    return "\n\n\n".join(["\n".join(imports), *helpers, body])


def function_name(result: Result, output: str = "f") -> str:
    """`df_dW`, `d2f_dx2`, `d2f_dx_dW`."""
    if not result.order:
        return output
    power = str(result.order) if result.order > 1 else ""
    names = list(dict.fromkeys(result.wrt))
    counts = [result.wrt.count(name) for name in names]
    below = "_".join(f"d{name}{count if count > 1 else ''}" for name, count in zip(names, counts))
    return f"d{power}{output}_{below}"


class _Module:
    def __init__(self, answer: Derivative) -> None:
        self.answer, self.typed = answer, answer.typed
        self.parameters = {name: _parameter(name) for name in answer.typed.variables}

    def functions(self) -> list[str]:
        found = [self._function("f", [None])]
        for result in self.answer.results:
            if result.order:
                found.append(self._function(function_name(result), [result]))
        derivatives = [result for result in self.answer.results if result.order]
        for result in derivatives:
            found.append(self._function(f"f_and_{function_name(result)}", [None, result]))
        return found

    def _function(self, name: str, wanted: list[Result | None]) -> str:
        """A function that returns the output (None) or a result, or a tuple of them."""
        translator = Translator(self.parameters)
        roots = [self._root(translator, result) for result in wanted]
        taken = {*self.parameters.values(), *translator.sizes}
        fresh = (f"t{number}" for number in _counting() if f"t{number}" not in taken)
        lines, returned = statements(roots, lambda: next(fresh))
        sizes = _size_lines(self.typed, list(translator.sizes), self.parameters)
        solved = {line.partition(" = ")[0] for line in sizes}
        free = [name for name in translator.sizes if name not in solved]  # sizes that no argument has, as in tr(I)
        parameters = ", ".join([*self.parameters.values(), *translator.indices, *free])
        documentation = f'    """{self._documentation(wanted)}"""'
        code = [f"    {line}" for line in (*sizes, *lines)]
        return "\n".join([f"def {name}({parameters}):", documentation, *code, f"    return {', '.join(returned)}"])

    def _root(self, translator: Translator, result: Result | None) -> Code:
        translator.defined, translator.known = {}, {}
        if result is None:
            for name, expr in self.typed.definitions.items():
                translator.define(name, expr)
            return translator.array(self.typed.expr)
        for part in result.where:
            translator.define(part.name, part.expr)
        if result.form == "matrix":
            return translator.array(result.value_expr)
        letters = [(letter, dim) for _, _, dim, letter in result.axes]
        return translator.entries(result.expr, letters)

    def _documentation(self, wanted: list[Result | None]) -> str:
        parts = []
        for result in wanted:
            if result is None:
                body = "; ".join([*(f"{n} = {text(e)}" for n, e in self.typed.definitions.items()), text(self.typed.expr)])
                parts.append(f"{body}, {_shape_words(tuple(d for d in shape_of(self.typed.expr) if not d.is_one))}")
            else:
                below = " ".join(f"d{name}" for name in result.wrt)
                power = str(result.order) if result.order > 1 else ""
                left = f"d{power}f / {below}"
                if result.form == "index":
                    left += f" [{', '.join(letter for *_, letter in result.axes)}]"
                parts.append(f"{left} = {result.value_line}, {_shape_words(result.tensor.dims)}")
        kinds = [
            f"{self.parameters[name]}: {_array_shape(tuple(dim for dim in variable.shape if not dim.is_one))}"
            for name, variable in self.typed.variables.items()
        ]
        return f"{' and '.join(parts)}.  {', '.join(kinds)}."


def _counting() -> Iterator[int]:
    number = 0
    while True:
        yield number
        number += 1


def _parameter(name: str) -> str:
    return f"{name}_" if iskeyword(name) or name in _TAKEN else name


def _array_shape(dims: tuple[Dim, ...]) -> str:
    if not dims:
        return "a number"
    return f"({', '.join(map(str, dims))}{',' if len(dims) == 1 else ''})"


def _shape_words(dims: tuple[Dim, ...]) -> str:
    return "a number" if not dims else f"shape {_array_shape(dims)}"


def _size_lines(typed: Typed, wanted: list[str], parameters: dict[str, str]) -> list[str]:
    """Statements that read the sizes off the shapes of the arguments."""
    lines = []
    known: set[str] = set()
    axes = [
        (dim, f"{parameters[name]}.shape[{axis}]")
        for name, variable in typed.variables.items()
        for axis, dim in enumerate(d for d in variable.shape if not d.is_one)
    ]
    for size_name in wanted:
        for dim, source in sorted(axes, key=lambda pair: len(pair[0].terms[0][0]) + len(pair[0].terms)):
            solved = _solved(dim, size_name, source, known)
            if solved is not None:
                lines.append(f"{size_name} = {solved}")
                known.add(size_name)
                break
    return lines


def _solved(dim: Dim, wanted: str, source: str, known: set[str]) -> str | None:
    """The size name from an axis: `x.shape[0]`, `x.shape[0] - 1`, `x.shape[0] // (2 * m)`."""
    holding = [(monomial, coefficient) for monomial, coefficient in dim.terms if wanted in monomial]
    if len(holding) != 1 or holding[0][0].count(wanted) != 1:
        return None
    monomial, coefficient = holding[0]
    others = [name for name in monomial if name != wanted]
    rest = [(m, c) for m, c in dim.terms if wanted not in m]
    if any(name not in known for name in (*others, *(name for m, _ in rest for name in m))):
        return None
    total = source
    for m, c in rest:
        total += f" {'-' if c > 0 else '+'} {' * '.join([str(abs(c)), *m])}"
    divisors = [str(coefficient)] if coefficient != 1 else []
    divisors += others
    if not divisors:
        return total
    return f"({total}) // ({' * '.join(divisors)})"
