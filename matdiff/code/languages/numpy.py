"""NumPy, and SciPy where NumPy has no such function."""

from __future__ import annotations

from matdiff.code.languages.python import FUNCTIONS, HELPED, KEYWORDS, OPERATIONS, Python, helpers

_LIBRARY = {"NP": "np", "LINALG": "scipy.linalg", "BLOCK": "np.block", "ZEROS": "np.zeros((n, n))"}


class NumPy(Python):
    """Vectors are one-dimensional arrays.  The library sees that `X.T @ X` is symmetric."""

    always = ("import numpy as np",)
    imports = (("import math", "math."), ("import scipy.linalg", "scipy.linalg."))
    reserved = KEYWORDS | {"np", "scipy", "math", "float"}
    traits = ("broadcast", "cholesky", "lu", "matrices", "repeats", "scatter", "syrk")
    operations = {
        **OPERATIONS,
        "einsum": lambda node: 'np.einsum("LETTERS", PARTS' + (", optimize=True)" if len(node.parts) > 2 else ")"),
        "diagonals": '_diagonals("DATA", PARTS)',
    }
    library = _LIBRARY
    functions = {
        **HELPED,
        **FUNCTIONS,
        "sigmoid": "_sigmoid({0})",
        "erf": "_erf({0})",
        "gelu": "_gelu({0})",
        "softmax": "_softmax({0})",
        "logsumexp": "_logsumexp({0})",
        "softmax rows": "_softmax_rows({0})",
        "logsumexp rows": "_logsumexp_rows({0})",
        "expm": "scipy.linalg.expm({0})",
    }
    helpers = {
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
        "_softmax_rows": '''def _softmax_rows(x):
    """The softmax of every row, without overflow."""
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)''',
        "_logsumexp_rows": '''def _logsumexp_rows(x):
    """log(sum(exp(x))) of every row, without overflow."""
    largest = np.max(x, axis=-1)
    return largest + np.log(np.sum(np.exp(x - largest[..., None]), axis=-1))''',
        "_gelu": '''def _gelu(x):
    """x times the normal distribution function at x."""
    return x * (1 + _erf(x / np.sqrt(2))) / 2''',
        "_erf": """_erf = np.vectorize(math.erf, otypes=[float])""",
        "_diagonals": '''def _diagonals(axes, value, *sizes):
    """Zeros, and value on diagonals: "iji->ij" names the axes, and those that remain; the sizes are those of their first ones."""
    whole, inside = axes.split("->")
    size = dict(zip(inside, (*sizes, *value.shape)))
    array = np.zeros([size[axis] for axis in whole])
    np.einsum(axes, array)[...] = value
    return array''',
        "_argmax": '''def _argmax(x):
    """1 at the first largest entry, else 0."""
    found = np.zeros_like(x, dtype=float)
    found.flat[np.argmax(x)] = 1
    return found''',
        "_argmax_rows": '''def _argmax_rows(x):
    """1 at the first largest entry of every row, else 0."""
    return 1.0 * (np.arange(x.shape[-1]) == np.argmax(x, axis=-1)[..., None])''',
        "_adj": '''def _adj(x):
    """The adjugate, from the singular values, so that x may be singular."""
    u, s, vt = np.linalg.svd(x)
    others = [np.prod(np.delete(s, i)) for i in range(len(s))]
    return np.linalg.det(u) * np.linalg.det(vt) * (vt.T * others) @ u.T''',
        "_dadj": '''def _dadj(x, e):
    """The derivative of the adjugate at x in the direction e, for singular x too."""
    u, s, vt = np.linalg.svd(x)
    n = len(s)
    others = np.array([[np.prod(np.delete(s, [i, j])) for j in range(n)] for i in range(n)]).reshape(n, n)
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
        **helpers("_eigproj", _LIBRARY),
        **{
            f"_{name}": f'''def _{name}(x{more}):
    """The principal {words}; complex numbers come from rounding only."""
    return np.asarray(scipy.linalg.{function}(x{more})).real'''
            for name, more, words, function in (
                ("logm", "", "logarithm", "logm"),
                ("sqrtm", "", "square root", "sqrtm"),
                ("powm", ", exponent", "power", "fractional_matrix_power"),
            )
        },
        **helpers("_frechet _frechet2", _LIBRARY),
        "_slope": '''def _slope(d, n):
    """d(e) for every unit matrix e of size n as direction, with its two axes last."""
    units = np.eye(n * n).reshape(n * n, n, n)
    return np.stack([d(e) for e in units], axis=-1).reshape(n, n, n, n)''',
        "_slope2": '''def _slope2(d, n):
    """d(e, g) for all unit matrices e and g of size n as directions, with their axes last."""
    units = np.eye(n * n).reshape(n * n, n, n)
    return np.stack([np.stack([d(e, g) for g in units], -1) for e in units], -2).reshape(n, n, n, n, n, n)''',
    }
