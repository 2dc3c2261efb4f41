"""SymPy: functions of explicit matrices, of numbers or of symbols, with exact results.

Nothing broadcasts there, so identities, diagonals and ones are written out.
"""

from __future__ import annotations

from collections.abc import Mapping

from matdiff.code.language import SAME, infix
from matdiff.code.languages.dotted import product
from matdiff.code.languages.python import KEYWORDS, Python
from matdiff.code.plan import Node
from matdiff.code.spelling import ATOM, POWER, SUM, TERM, Entry, Spelling


def _each(function: str) -> Entry:
    """A function of every entry."""

    return lambda node: f"{{0}}.applyfunc({function})" if node.parts[0].shape else f"{function}({{0}})"


def _times(node: Node) -> Spelling:
    if all(part.shape for part in node.parts):
        return Spelling("{0}.multiply_elementwise({1})")
    return Spelling("{0} * {1}", TERM, (TERM, POWER))


def _over(node: Node) -> Spelling:
    top, bottom = (part.shape for part in node.parts)
    if not bottom:
        return Spelling("{0} / {1}", TERM, (TERM, POWER))
    inverse = "{1}.applyfunc(lambda _t: 1 / _t)"
    return Spelling(f"{{0}}.multiply_elementwise({inverse})") if top else Spelling(f"{{0}} * {inverse}", TERM, (TERM, ATOM))


def _power(node: Node) -> Spelling:
    base, exponent = (part.shape for part in node.parts)
    if not base and not exponent:
        return Spelling("{0}**{1}", POWER, (ATOM, ATOM))
    if not exponent:
        return Spelling("{0}.applyfunc(lambda _t: _t**{1})", needs=(ATOM, ATOM))
    return Spelling("_powers({0}, {1})")


_FORMULAS = {
    "log1p": "sp.log(1 + t)",
    "expm1": "sp.exp(t) - 1",
    "step": "sp.Heaviside(t, 0)",
    "relu": "sp.Max(t, 0)",
    "sigmoid": "1 / (1 + sp.exp(-t))",
    "softplus": "sp.log(1 + sp.exp(t))",
    "logsigmoid": "-sp.log(1 + sp.exp(-t))",
    "gelu": "t * (1 + sp.erf(t / sp.sqrt(2))) / 2",
}


class SymPy(Python):
    """A vector is a matrix with one column, a number any expression; a result with more than two axes is an `Array`."""

    always = ("import sympy as sp",)
    imports = (("import itertools", "itertools."), ("import mpmath", "mpmath."))
    reserved = KEYWORDS | {"sp", "itertools", "mpmath", "sum", "list", "len"}
    traits = ("exact",)
    row = "{}.T"
    axes = "len({0})", "{0}.shape[{1}]"
    extents = "{}, 1", "{}"
    operations = {
        "pi": "sp.pi",
        "times": _times,
        "over": _over,
        "power": _power,
        "column": SAME,
        "row": "{0}.T",
        "row_result": "{0}.T",
        "product": product(Spelling("{0}.dot({1})"), infix("{1}.T * {0}")),
        "outer": infix("{0} * {1}.T"),
        "inner": Spelling("({0}.T * {1}).trace()", needs=(ATOM, ATOM)),
        "transpose": "{0}.T",
        "trace": "{0}.trace()",
        "diagonal": "{0}.diagonal().T",
        "diagonal_matrix": Spelling("sp.diag(*{0})", needs=(ATOM,)),
        "total": "sum({0})",
        "sum_axis": lambda node: "_row_sums({0})" if node.data else "_row_sums({0}.T)",
        "row_max": "_row_max({0})",
        "matrix_power": Spelling("{0}**DATA", POWER, (ATOM,)),
        "eye": "sp.eye({0})",
        "ones": "sp.ones(SIZES)",
        "zeros": "sp.zeros(SIZES)",
        "full": Spelling("{0} * sp.ones(SIZES)", TERM, (TERM,)),
        "tile_columns": Spelling("{0} * sp.ones(1, {2})", TERM, (ATOM, SUM, SUM)),
        "tile_rows": Spelling("sp.ones({1}, 1) * {0}.T", TERM, (ATOM, SUM, SUM)),
        "at": lambda node: "{0}[PLACES]" + (".T" if node.data == ("place", ":") else ""),
        "unit": "sp.eye({1})[:, {0}]",
        "kron": "sp.kronecker_product({0}, {1})",
        "vec": "{0}.vec()",
        "unvec": "{0}.reshape({2}, {1}).T",
        "block": "sp.Matrix(BLOCKS)",
        "flat": "sp.Matrix(list({0}))",
        "inverse": "{0}.inv()",
        "solve": "{0}.LUsolve({1})",
        "commutation": "_commutation({0}, {1})",
        "pairing": "sp.Array(list(sp.eye({0})), ({0}, {1}, {2}))",
        "einsum": '_einsum("LETTERS", PARTS)',
    }
    functions = {
        **{name: _each(f"sp.{name}") for name in "exp log sign sin cos tan asin acos atan sinh cosh tanh sqrt erf".split()},
        "abs": _each("sp.Abs"),
        **{name: _each(f"_{name}") for name in _FORMULAS},
        "softmax": "_softmax({0})",
        "logsumexp": "sp.log(sum({0}.applyfunc(sp.exp)))",
        "cumsum": "sp.Matrix(list(itertools.accumulate({0})))",
        "tril": "{0}.lower_triangular()",
        "triu": "{0}.upper_triangular()",
        "det": "{0}.det()",
        "logdet": "sp.log(sp.Abs({0}.det()))",
        "pinv": "_pinv({0})",
        "eigmax": "_eigen({0}, -1)[0]",
        "eigmin": "_eigen({0}, 0)[0]",
        "eigmaxproj": "_eigen({0}, -1)[1]",
        "eigminproj": "_eigen({0}, 0)[1]",
        "prod": "sp.prod({0})",
        "max": Spelling("sp.Max(*{0})", needs=(ATOM,)),
        "min": Spelling("sp.Min(*{0})", needs=(ATOM,)),
        "norm": "_norm({0})",
        "norm2": "sp.Max(*{0}.singular_values())",
        "norm1": lambda node: "sum({0}.applyfunc(sp.Abs))" if node.parts[0].shape else "sp.Abs({0})",
        "maxnorm": lambda node: "sp.Max(*{0}.applyfunc(sp.Abs))" if node.parts[0].shape else "sp.Abs({0})",
        "nucnorm": "sum({0}.singular_values())",
        "mean": Spelling("sum({0}) / len({0})", TERM),
        "expm": "_expm({0})",
        "logm": "_logm({0})",
        "sqrtm": "_sqrtm({0})",
        "powm": "_powm({0}, {1})",
        "adj": "{0}.adjugate()",
        "argmax": "_argmax({0})",
        "argmax rows": "_argmax_rows({0})",
    }
    helpers: Mapping[str, str] = {
        **{f"_{name}": f"def _{name}(t):\n    return {formula}" for name, formula in _FORMULAS.items()},
        "_commutation": '''def _commutation(m, n):
    """The matrix K with K vec(X) = vec(X^T) for X with m rows and n columns."""
    return sp.Matrix(m * n, m * n, lambda p, q: int(q == p % n * m + p // n))''',
        "_softmax": '''def _softmax(x):
    """exp(x) / sum(exp(x))."""
    e = x.applyfunc(sp.exp)
    return e / sum(e)''',
        "_norm": '''def _norm(x):
    """The root of the sum of the squares of real entries."""
    return sp.sqrt(sum(t**2 for t in (x if hasattr(x, "shape") else [x])))''',
        "_powers": '''def _powers(x, y):
    """x to the power y, entry by entry."""
    return sp.Matrix(*x.shape, [s**t for s, t in zip(x, y)])''',
        "_row_sums": '''def _row_sums(x):
    """The sum of each row."""
    return sp.Matrix([sum(x.row(i)) for i in range(x.rows)])''',
        "_argmax": '''def _argmax(x):
    """1 at the first largest entry, else 0."""
    entries = list(x)
    first = [sp.And(*(t > s for s in entries[:k]), *(t >= s for s in entries[k + 1 :])) for k, t in enumerate(entries)]
    return sp.Matrix(*x.shape, [sp.Piecewise((1, condition), (0, True)) for condition in first])''',
        "_row_max": '''def _row_max(x):
    """The largest entry of each row."""
    return sp.Matrix([sp.Max(*x.row(i)) for i in range(x.rows)])''',
        "_argmax_rows": '''def _argmax_rows(x):
    """1 at the first largest entry of each row, else 0."""
    return sp.Matrix.vstack(*(_argmax(x.row(i)) for i in range(x.rows)))''',
        "_real": '''def _real(x):
    """A matrix of mpmath as one of SymPy; complex numbers come from rounding only."""
    return sp.Matrix([[sp.Float(mpmath.re(t)) for t in row] for row in x.tolist()])''',
        **{
            f"_{name}": f'''def _{name}(x):
    """The {words} of a matrix, exact if that holds no floats."""
    return _real(mpmath.{name}(mpmath.matrix(x.tolist()))) if x.has(sp.Float) else {exact}'''
            for name, words, exact in (
                ("expm", "exponential", "x.exp()"),
                ("logm", "principal logarithm", "x.log()"),
                ("sqrtm", "principal square root", "x ** sp.Rational(1, 2)"),
            )
        },
        "_pinv": '''def _pinv(x):
    """The pseudoinverse; of floats, singular values below 1e-12 of the largest count as zero."""
    if not isinstance(x, sp.MatrixBase):
        return 1 / x if x != 0 else x
    if not x.has(sp.Float):
        return x.pinv()
    u, s, v = mpmath.svd_r(mpmath.matrix(x.tolist()))
    inverted = mpmath.diag([1 / t if t > 1e-12 * s[0] else 0 for t in s])
    return _real(v.T * inverted * u.T)''',
        "_powm": '''def _powm(x, exponent):
    """The principal power."""
    return _expm(exponent * _logm(x)) if x.has(sp.Float) else x**exponent''',
        "_eigen": '''def _eigen(x, place):
    """An eigenvalue of a symmetric matrix of numbers, in ascending order, and v v^T for its eigenvector v."""
    value, _, vectors = sorted(x.eigenvects(), key=lambda found: sp.re(found[0].evalf()))[place]
    v = vectors[0]
    return value, v * v.T / v.dot(v)''',
        "_dadj": '''def _dadj(x, e):
    """The derivative of the adjugate at x in the direction e."""
    t = sp.Dummy()
    return (x + t * e).adjugate().diff(t).subs(t, 0)''',
        "_d2adj": '''def _d2adj(x, e, f):
    """The second derivative of the adjugate at x in the directions e and f."""
    t = sp.Dummy()
    return _dadj(x + t * f, e).diff(t).subs(t, 0)''',
        "_frechet": '''def _frechet(f, x, e):
    """The derivative of the matrix function f at x in the direction e (Higham 2008, eq. 3.16)."""
    n = x.rows
    return f(sp.Matrix([[x, e], [sp.zeros(n), x]]))[:n, n:]''',
        "_frechet2": '''def _frechet2(f, x, e, g):
    """The second derivative of the matrix function f at x in the directions e and g (Higham and Relton 2014, theorem 3.5)."""
    n = x.rows
    o = sp.zeros(n)
    return f(sp.Matrix([[x, e, g, o], [o, x, o, g], [o, o, x, e], [o, o, o, x]]))[:n, 3 * n :]''',
        "_slope": '''def _slope(d, n):
    """d(e) for every unit matrix e of size n as direction, with its two axes last."""
    units = [[sp.Matrix(n, n, lambda i, j: int((i, j) == (k, l))) for l in range(n)] for k in range(n)]
    return sp.permutedims(sp.Array([[d(e).tolist() for e in row] for row in units]), (2, 3, 0, 1))''',
        "_slope2": '''def _slope2(d, n):
    """d(e, g) for all unit matrices e and g of size n as directions, with their axes last."""
    units = [[sp.Matrix(n, n, lambda i, j: int((i, j) == (k, l))) for l in range(n)] for k in range(n)]
    rows = [[_slope(lambda g: d(e, g), n).tolist() for e in row] for row in units]
    return sp.permutedims(sp.Array(rows), (2, 3, 0, 1, 4, 5))''',
        "_each": '''def _each(f, x, count, axes):
    """f of every matrix that the axes of x from this number on hold; its values have so many axes."""
    rows, columns = x.shape[count:]
    entries = sp.flatten(x.tolist())
    size = rows * columns
    values = [f(sp.Matrix(rows, columns, entries[start : start + size])) for start in range(0, len(entries), size)]
    shape = (*x.shape[:count], *getattr(values[0], "shape", ())[:axes])
    entries = sp.flatten(values)
    return sp.Array(entries, shape) if len(shape) > 2 else sp.Matrix(shape[0], shape[1] if len(shape) > 1 else 1, entries)''',
        "_einsum": '''def _einsum(spec, *arrays):
    """The sum over all letters that are not behind the arrow of the product of arrays whose axes the letters name."""
    inputs, _, output = spec.partition("->")
    sizes, terms, known = {}, {(): 1}, ""
    for names, array in zip(inputs.split(","), arrays):
        sizes.update(zip(names, array.shape))
        shared = [letter for letter in names if letter in known]
        fresh = [letter for letter in names if letter not in known]
        matching = {}
        for place in itertools.product(*(range(size) for _, size in zip(names, array.shape))):
            value, at = array[place if len(place) > 1 else place[0]], dict(zip(names, place))
            if value != 0:
                key = tuple(at[letter] for letter in shared)
                matching.setdefault(key, []).append((tuple(at[letter] for letter in fresh), value))
        joined = {}
        for place, total in terms.items():
            at = dict(zip(known, place))
            for more, value in matching.get(tuple(at[letter] for letter in shared), ()):
                joined[place + more] = total * value
        terms, known = joined, known + "".join(fresh)
    totals = {}
    for place, value in terms.items():
        key = tuple(dict(zip(known, place))[letter] for letter in output)
        totals[key] = totals.get(key, 0) + value
    shape = [sizes[letter] for letter in output]
    entries = [totals.get(place, 0) for place in itertools.product(*map(range, shape))]
    if not shape:
        return entries[0]
    return sp.Array(entries, shape) if len(shape) > 2 else sp.Matrix(shape[0], shape[1] if len(shape) > 1 else 1, entries)''',
    }

    def _axes_of_each(self, node: Node) -> tuple[int, ...]:
        """Those of the values too: a vector is a matrix with one column."""
        (count,) = super()._axes_of_each(node)
        return count, len(node.shape) - count

    def blocks(self, node: Node) -> str:
        """Blocks are all numbers or all matrices."""
        text, numbers = super().blocks(node), [part.op == "single" for part in node.parts]
        for place, is_number in enumerate(numbers):
            if is_number and not all(numbers):
                text = text.replace(f"{{{place}}}", f"sp.Matrix([{{{place}}}])")
        return text

    def number(self, node: Node) -> Spelling:
        spelled = super().number(node)
        return Spelling(f"sp.Rational({spelled.template.replace(' / ', ', ')})") if "/" in spelled.template else spelled
